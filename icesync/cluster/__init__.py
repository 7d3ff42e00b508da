"""A run on the workers of a Dask cluster. Owns distributed.

The command line stays the one place that loads the files, plans, guards, asks and keeps the journal.
Workers get resolved accounts and references to tokens; the tokens themselves are looked up where they
are used. An account belongs to one part of the run, and a part to one worker at a time.
"""
