"""What bpusim's libraries show to the dynamic linker, compared with the one list of functions."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.driver_files import FOLDER, LIBRARIES, build, listed_functions, run

SYSTEM = re.compile(r"^(libstdc\+\+\.so\.6|lib(gcc_s|c|m|dl|pthread|rt)\.so\.\d|ld-linux-.+\.so\.\d)$")


def dynamic(path: Path, tag: str) -> list[str]:
    output = subprocess.run(["readelf", "-dW", path], check=True, capture_output=True, text=True).stdout
    return re.findall(rf"\({tag}\)[^\[]*\[(.*)\]", output)


@pytest.mark.parametrize("library", LIBRARIES)
def test_exports_are_those_of_the_list_at_their_version_nodes(library: str) -> None:
    command = ["nm", "-D", "--defined-only", "--with-symbol-versions", str(LIBRARIES[library])]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    exported = {line.split()[-1] for line in output.splitlines() if line.split()[-2] != "A"}
    expected = {f"{name}@@CONFIG" for name in listed_functions(library)}
    if library == "hbucp":
        expected.add("bpusimGetInterface@@BPUSIM_1")
    assert exported == expected


@pytest.mark.no_sanitizer
@pytest.mark.parametrize("library", LIBRARIES)
def test_they_carry_the_names_and_need_the_libraries_of_a_driver(library: str) -> None:
    path = LIBRARIES[library]
    assert dynamic(path, "SONAME") == [path.name]
    needed = [name for name in dynamic(path, "NEEDED") if not SYSTEM.match(name)]
    assert needed == (["libhbucp.so"] if library == "dnn" else [])
    assert dynamic(path, "RUNPATH") == ["$ORIGIN"]
    assert dynamic(path, "RPATH") == []


CLIENT = """
#include <stdio.h>
#include "hobot/dnn/hb_dnn.h"
int main(void) {
  hbUCPSysMem mem;
  if (hbUCPMallocCached(&mem, 100, 0) != 0 || hbUCPFree(&mem) != 0) return 1;
  printf("%s %s\\n", hbUCPGetVersion(), hbDNNGetVersion());
  return 0;
}
"""


@pytest.mark.no_sanitizer
@pytest.mark.parametrize("node", ["CONFIG", None])
def test_programs_built_against_other_drivers_load(tmp_path: Path, node: str | None) -> None:
    """Drivers of the vendor come with the version node and, it is said, without one."""
    libraries: list[Path | str] = []
    for library, path in LIBRARIES.items():
        names = sorted(listed_functions(library))
        source = tmp_path / f"{library}.c"
        source.write_text("".join(f"void {name}(void);\nvoid {name}(void) {{}}\n" for name in names))
        options: list[str | Path] = ["-shared", "-fPIC", f"-Wl,-soname,{path.name}"]
        if node is not None:
            script = tmp_path / f"{library}.map"
            script.write_text(f"{node} {{ global: *; }};\n")
            options.append(f"-Wl,--version-script={script}")
        libraries.append(build(tmp_path / path.name, source, options=options))
    source = tmp_path / "client.c"
    source.write_text(CLIENT)
    client = build(tmp_path / "client", source, options=libraries)
    versions = subprocess.run(["readelf", "-VW", client], check=True, capture_output=True, text=True).stdout
    assert ("CONFIG" in versions) == (node is not None)
    result = run(client)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("3.13.6 3.13.6_(bpusim ")


CLOSER = """
#include <dlfcn.h>
#include <stdio.h>
#include "hobot/dnn/hb_dnn.h"
typedef const char* (*Text)(void);
int main(int argc, char** argv) {
  if (argc != 3) return 2;
  for (int round = 0; round < 3; ++round) {
    void* ucp = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    void* dnn = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
    if (ucp == NULL || dnn == NULL) return 3;
    Text version = (Text)dlsym(dnn, "hbDNNGetVersion");
    __typeof__(&hbUCPMalloc) allocate = (__typeof__(&hbUCPMalloc))dlsym(ucp, "hbUCPMalloc");
    __typeof__(&hbUCPFree) give = (__typeof__(&hbUCPFree))dlsym(ucp, "hbUCPFree");
    hbUCPSysMem mem;
    if (allocate(&mem, 100, 0) != 0) return 4;
    dlclose(dnn);
    dlclose(ucp);
    if (give(&mem) != 0) return 5;
    printf("%s\\n", version());
  }
  return 0;
}
"""


@pytest.mark.no_sanitizer
def test_closed_libraries_stay_where_they_are(tmp_path: Path) -> None:
    """Their threads run their code, and a client may have kept a function."""
    source = tmp_path / "closer.c"
    source.write_text(CLOSER)
    closer = build(tmp_path / "closer", source, options=["-std=gnu11", "-ldl"])
    result = run(closer, LIBRARIES["hbucp"], LIBRARIES["dnn"])
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_both_lie_in_the_package() -> None:
    assert {path.name for path in FOLDER.glob("*.so")} == {"libhbucp.so", "libdnn.so"}
