"""Which rows a trial learns from: read, cleaned, split, tokenised, once and in the cache.

May import: `cache`, `errors`, `section`, `seeds`, `saved`; no room.
"""
