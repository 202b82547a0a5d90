"""One reader a format: an opened file in, batches of text out.

A new format: one module with a class that fulfils `batches.Reading`, one line in `open_reading`, one entry in `FileType` of
`settings/sources.py`. No rule of a canonical entity lives here.
"""

from orchestration.landing.batches import Reading
from orchestration.landing.containers import LandedFile
from orchestration.landing.readers.columnar import ColumnarReading
from orchestration.landing.readers.delimited import DelimitedReading
from orchestration.landing.readers.json_rows import JsonReading
from orchestration.landing.readers.workbook import WorkbookReading
from orchestration.settings.sources import Block


def open_reading(file: LandedFile, block: Block) -> Reading:
    """Opens the file by its declared format. Raises FileRefused when it is not what was declared."""
    wanted = list(dict.fromkeys([*block.columns.values(), *block.key]))
    match block.format.type:
        case "csv" | "tsv":
            return DelimitedReading(file, block.format)
        case "jsonl" | "json":
            return JsonReading(file, block.format, wanted)
        case "parquet":
            return ColumnarReading(file, block.format)
        case _:
            return WorkbookReading(file, block.format)
