"""Statistics of what was measured and rated: a method a file, none of them ours alone."""
