"""One router a task, under ``/api/v1``."""
