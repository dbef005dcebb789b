"""The catalog's settings."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class CatalogConfig:
    """How feeds are read and published."""

    currency: str = setting("USD", "The shop's currency (ISO 4217). Feed rows in another one are rejected.")
    complete_share: float = setting(
        0.8, "A feed retires missing products only if it has at least this share of the live products' number."
    )
    rejected_share: float = setting(0.1, "A feed with a larger share of rejected rows publishes nothing.")
    chunk_rows: int = setting(2000, "Rows staged in one transaction; an interrupted import goes on from the last one.")
    field_bytes: int = setting(10_000_000, "Longest text of one field; a longer one rejects its row.")
    file_bytes: int = setting(8_000_000_000, "Largest file read, after decompression.")
    compression_ratio: int = setting(200, "A file that unpacks to more than this many times its size is refused.")
    report_errors: int = setting(1000, "Rejected rows kept with their line in an import's report; all are counted.")
    keep_generations: int = setting(10, "Old generations whose product versions stay readable.")
