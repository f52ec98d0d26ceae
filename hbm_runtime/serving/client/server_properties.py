"""The properties of a remote runtime's server, under the names that `HB_HBMRuntime` has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._running.native import checked
from .connecting import Options, connected_servers
from .models.properties import ModelProperties
from .runs import observing
from .transports.wire import Control, Document

if TYPE_CHECKING:
    from ..._machine.devices import Device, HostInfo

_CONTROL_SECONDS = 30.0
"""How long calls other than runs may take where `connect` has no timeout."""


class ServerProperties(ModelProperties):
    """The server's driver, devices, counters and files; connects when it is made."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options
        self._host: Document | None = None
        self._servers = connected_servers(options)

    @property
    def version(self) -> str:
        """Version of the server's driver; of other servers their own."""
        version = (self._host or {}).get("version")
        return str(version or self._servers.read("server", {}, self._control()).get("version", ""))

    @property
    def hbm_descs(self) -> dict[str, str]:
        """Descriptions of the server's files by their names, where it reports them; otherwise of the models."""
        files = (self._host or {}).get("files")
        return dict(files) if isinstance(files, dict) else self.model_descs

    def stats(self) -> dict[str, Any]:
        """Counts how requests of all clients have ended by model, and the cores' work; see `HB_HBMRuntime.stats`.

        With several servers, the first that answers is asked. Servers of other makes leave figures out.
        """
        self._models()
        control = self._control()
        return observing.stats_of(self._servers, observing.host_of(self._servers, control), control)

    def memory_info(self) -> dict[str, dict[str, int]]:
        """Device memory in bytes by model. Raises UnsupportedError if the server does not report it."""
        return observing.memory_of(self._report(), self._options.url)

    def driver_info(self) -> dict[str, str]:
        """Describes the server's driver as `hbm_runtime.driver_info` does; empty if the server does not report it."""
        self._models()
        return dict((self._host or {}).get("driver_info", {}))

    @checked
    def get_devices(self) -> list[Device]:
        """Lists the server's BPU cores as they are now. Raises UnsupportedError if the server is silent."""
        return observing.devices_of(self._report())

    @checked
    def get_host_info(self) -> HostInfo:
        """Describes the server's machine as it is now. Raises UnsupportedError if the server is silent."""
        return observing.host_info_of(self._report(), self._options.url)

    def _report(self) -> Document | None:
        self._models()
        return observing.host_of(self._servers, self._control())

    def _control(self) -> Control:
        return Control.within(self._options.timeout if self._options.timeout is not None else _CONTROL_SECONDS)
