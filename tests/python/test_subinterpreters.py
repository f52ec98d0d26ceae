"""Sub-interpreters, as mod_wsgi and uWSGI use them: one clear ImportError, whenever the import comes; never a hang."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.child import output_of, run_python

SCRIPT = """
import sys
{first}
{create}
attempt = '''
import sys
sys.path[:] = {path!r}
try:
    import hbm_runtime
    print("imported")
except ImportError as error:
    print("ImportError", "sub-interpreter" in str(error) or "subinterpreter" in str(error), "WSGI" in str(error))
'''
run(attempt)
run(attempt)
import hbm_runtime
print(hbm_runtime.hbDNNDataType.F32)
"""

CREATE = {
    "old": """
import _xxsubinterpreters as interpreters
one = interpreters.create(**({"isolated": False} if sys.version_info >= (3, 12) else {}))
run = lambda text: interpreters.run_string(one, text)
""",
    "new": """
import _interpreters as interpreters
one = interpreters.create("legacy")
run = lambda text: interpreters.run_string(one, text)
""",
}


@pytest.mark.parametrize("first", ["", "import hbm_runtime"], ids=["first import", "after the main interpreter"])
def test_importing_in_a_sub_interpreter_is_one_clear_error(tmp_path: Path, first: str) -> None:
    create = CREATE["new" if sys.version_info >= (3, 13) else "old"]
    script = SCRIPT.format(first=first, create=create, path=sys.path)
    done = run_python(script, cwd=tmp_path, timeout=60, fresh=True)
    assert output_of(done).splitlines() == ["ImportError True True"] * 2 + ["hbDNNDataType.F32"]
