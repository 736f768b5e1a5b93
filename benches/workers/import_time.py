"""Imports the named modules one after the other and prints how long each took, in seconds."""

import importlib
import json
import sys
import time

times = []
for name in sys.argv[1:]:
    start = time.perf_counter()
    importlib.import_module(name)
    times.append(time.perf_counter() - start)
print(json.dumps(times))
