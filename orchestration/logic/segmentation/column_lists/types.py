"""What a list of columns is made of."""

Lines = tuple[tuple[str, str, str, str], ...]

MONEY, SHARE, COUNT, TEXT = "DECIMAL(28,4)", "DECIMAL(9,4)", "BIGINT", "VARCHAR"
