"""Where rows come from: files, the hub, the embedded data; one source a file.

May import: what `data` may.
"""
