"""The caps of the lander: what no honest file exceeds. One home for these numbers; no code here."""

FIELD_CHARACTERS = 4_000_000
ROW_BYTES = 8_000_000
FILE_BYTES = 32 * 1024**3
EXPANSION_RATIO = 200
EXPANSION_FLOOR_BYTES = 16_000_000
COLUMNS = 2_000
WHOLE_FILE_BYTES = 512_000_000
"""Of workbooks, which cannot be read as a stream."""

BLANK_LINES_AFTER_FOOTER = 16
CHUNK_BYTES = 4_000_000
CHUNK_ROWS = 25_000
"""Short rows take more memory for their bytes, so a chunk is no more than about so many of them."""

PIECE_BYTES = 250_000
"""A chunk that is not clean is read exactly in pieces: Python's lists of texts take ten times the bytes."""

JUDGED_AHEAD = 2
"""How many batches are judged while those before them are written. With the chunk it bounds the memory of a landing."""

JUDGE_MEMORY = "64MB"
"""Of the in-memory DuckDB that judges; beyond it, hashes of rows spill to the home's temporary folder."""

BATCH_ROWS = 100_000
KEPT_RAW_BYTES = 1_000_000
"""How much of a refused row quarantine keeps; the archive has all of it."""

LARGEST_UNDECODABLE_SHARE = 0.2
LEAST_ENCODING_CONFIDENCE = 0.9
SAMPLE_BYTES = 1_000_000

NAME_BYTES = 255
"""The longest file name that file systems take."""
