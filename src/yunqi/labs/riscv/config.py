"""Settings of the RISC-V lab."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class RiscvConfig:
    """Limits of programs that are run on the modelled core."""

    max_instructions: int = setting(2_000_000_000, "Instructions after which a program is stopped.")
    max_memory_bytes: int = setting(512 << 20, "Memory that a program may use.")
    deadline_seconds: float = setting(600.0, "Seconds on the wall clock after which a program is stopped.")
    max_output_bytes: int = setting(16 << 20, "What a program may write to its output before it is stopped.")
    full_timing_instructions: int = setting(
        100_000_000,
        "Instructions up to which every one is timed; beyond, one window in ten is, and the rest estimated.",
    )
    upload_limit_bytes: int = setting(32 << 20, "Largest program that is taken over HTTP.")
    http_instructions: int = setting(200_000_000, "Instructions that a program sent over HTTP may take.")
    http_deadline_seconds: float = setting(30.0, "Seconds that a program sent over HTTP may take.")
