"""`oxipipe load`: pumps a file into a server through pipelines, and accounts for every line.

From bytes to commands: `source` (file, gzip, stdin) -> `lines`, `csv_records`, `json_lines`,
`resp_commands` with `steps` (records) -> `template` with `fields` (commands) -> `loader` with
`session` (pipelines, replies) -> `tally`, `aside`, `report` (what became of each line) -> `output`.
"""

from __future__ import annotations

from .job import Job
from .tally import ExitCode, Tally

__all__ = ["ExitCode", "Job", "Tally"]
