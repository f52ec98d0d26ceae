"""The models that are served: loading, unloading, replacing under load."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hbm_runtime import HB_HBMRuntime, HbmError, InputError, get_devices
from hbm_runtime._models.naming import unknown_model

from ..calls.gate import Gate
from ..failures import Kind, RefusedError
from ..settings import Settings
from .files import ModelFile, files_in
from .load_options import PASSPHRASE
from .served_model import VERSION, Origin, ServedModel

_log = logging.getLogger("hbm_runtime.serving")


@dataclass(frozen=True)
class IndexEntry:
    """One line of the repository's index; the state is "READY" or "UNAVAILABLE"."""

    name: str
    version: str
    state: str
    reason: str


class Repository:
    """The models of one server. Safe to use from any thread.

    Looking up a model takes no lock. Changes are made one after the other.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._changing = threading.Lock()
        self._models: dict[str, ServedModel] = {}
        self._known: dict[str, tuple[ModelFile, str]] = {}  # files of models that can be loaded; why they are not

    def load_all(self) -> None:
        """Loads the models that the settings name.

        Raises:
            HbmError: One of them cannot be loaded, or two have the same name; nothing stays loaded.
            OSError: The folder cannot be read.
        """
        files = [ModelFile(Path(path), Path(path).stem) for path in self._settings.files]
        if self._settings.folder is not None:
            files += files_in(self._settings.folder)
        uploads = self._settings.upload_folder
        if self._settings.allow_upload and uploads is not None and uploads.is_dir():
            files += files_in(uploads)
        try:
            with self._changing:
                for file in files:
                    self._add_file(file)
        except BaseException:
            self.close()
            raise

    def get(self, name: str, version: str = "") -> ServedModel:
        """Returns a model that is loaded.

        Raises:
            RefusedError: There is none of that name and version, or it is not loaded.
        """
        model = self._models.get(name)
        if model is not None and version in ("", VERSION):
            return model
        if model is not None:
            raise RefusedError(
                Kind.NOT_FOUND,
                f"model '{name}' has no version {version!r}; it has {VERSION!r}",
                reported_class="InputError",
                model=name,
            )
        if name in self._known:
            raise RefusedError(
                Kind.UNAVAILABLE, f"model '{name}' is not loaded", reported_class="HbmClosedError", model=name
            )
        raise RefusedError(
            Kind.NOT_FOUND,
            # Programs for Triton look for these four words.
            f"Request for unknown model: {unknown_model(list(self._models), name[:200])}",
            reported_class="InputError",
            model=name[:200],
        )

    def __iter__(self) -> Iterator[ServedModel]:
        """Yields the loaded models."""
        return iter(list(self._models.values()))

    def index(self) -> list[IndexEntry]:
        """Lists all models, loaded or not."""
        known = dict(self._known)
        entries = []
        for model in self:
            state, reason = ("READY", "") if model.ready else ("UNAVAILABLE", "the driver fails")
            entries.append(IndexEntry(model.name, VERSION, state, reason))
        loaded = {entry.name for entry in entries}
        entries += [
            IndexEntry(name, VERSION, "UNAVAILABLE", reason)
            for name, (_, reason) in known.items()
            if name not in loaded
        ]
        return entries

    def load(self, name: str, options: Mapping[str, Any]) -> None:
        """Loads a model that the repository knows, or loads it again; requests under way finish on the old one.

        Raises:
            RefusedError: The repository knows no such model.
            HbmError: Loading failed; what was served before still is.
        """
        with self._changing:
            self._look_for_new_files()
            if name not in self._known:
                raise RefusedError(
                    Kind.NOT_FOUND, f"no model file is known for {name[:200]!r}", reported_class="ModelNotFoundError"
                )
            self._load(name, self._known[name][0], options)

    def load_file(self, name: str, path: Path, options: Mapping[str, Any], accept: Callable[[], Path]) -> None:
        """Loads a file that a client sent.

        Args:
            name: The name that clients use.
            path: Where the file lies now.
            options: Load options.
            accept: Moves the file to where it stays, once it was loaded; returns that path.

        Raises:
            HbmError: Loading failed; what was served before still is.
        """
        with self._changing:
            self._load(name, ModelFile(path, name, names_model=True), options)
            self._known[name] = (ModelFile(accept(), name, names_model=True), "")

    def unload(self, name: str) -> None:
        """Stops serving a model; requests under way finish.

        Raises:
            RefusedError: No such model is loaded.
        """
        with self._changing:
            model = self.get(name)
            del self._models[name]
            file, _ = self._known[name]
            self._known[name] = (file, "unloaded")
            self._close_if_unused(model.runtime)

    def refresh(self) -> None:
        """Loads all served files again, and new ones of the folder. What fails is logged and stays as it was."""
        with self._changing:
            for name in list(self._models):
                self._attempt(name, self._known[name][0])
            for name in self._look_for_new_files():
                self._attempt(name, self._known[name][0])

    def close(self) -> None:
        """Gives all models back; requests under way finish."""
        with self._changing:
            runtimes = {id(model.runtime): model.runtime for model in self}
            self._models.clear()
            for runtime in runtimes.values():
                runtime.close()

    def _attempt(self, name: str, file: ModelFile) -> None:
        try:
            self._load(name, file, {})
        except HbmError as error:
            _log.error("model '%s' was not loaded again: %s", name, error)
            if name not in self._models:
                self._known[name] = (file, str(error))

    def _look_for_new_files(self) -> list[str]:
        """Notes files of the folder that no model came from; returns their names."""
        folder = self._settings.folder
        if folder is None:
            return []
        paths = {file.path for file, _ in self._known.values()}
        new = [file for file in files_in(folder) if file.path not in paths and file.name not in self._known]
        self._known.update({file.name: (ModelFile(file.path, file.name, names_model=True), "") for file in new})
        return [file.name for file in new]

    def _add_file(self, file: ModelFile) -> None:
        """Loads a file with all models inside, under their own names."""
        runtime = self._runtime(file.path, {})
        inner_names = runtime.model_names
        names = [file.name] if file.names_model and len(inner_names) == 1 else inner_names
        for name in names:
            if name in self._models:
                runtime.close()
                other = self._models[name].origin.path
                raise InputError(f"two files have a model '{name}': {other} and {file.path}", model=name)
        for name, inner in zip(names, inner_names, strict=True):
            self._models[name] = self._served(name, runtime, inner, Origin(str(file.path), {}))
            self._known[name] = (ModelFile(file.path, name, names_model=name != inner), "")

    def _load(self, name: str, file: ModelFile, options: Mapping[str, Any]) -> None:
        origin = Origin(str(file.path), {key: value for key, value in options.items() if key != PASSPHRASE})
        passphrase = options.get(PASSPHRASE, self._settings.passphrase)
        present = self._models.get(name)
        if present is not None and present.origin.options == origin.options:
            present.replace_file(origin, passphrase)
            return
        runtime = self._runtime(file.path, options)
        try:
            self._models[name] = self._served(name, runtime, _inner_name(runtime, name, file), origin)
        except BaseException:
            runtime.close()
            raise
        self._known[name] = (file, "")
        if present is not None:
            self._close_if_unused(present.runtime)

    def _runtime(self, path: Path, options: Mapping[str, Any]) -> HB_HBMRuntime:
        keywords = {"passphrase": self._settings.passphrase, **self._settings.load_options, **options}
        return HB_HBMRuntime(str(path), **keywords)

    def _served(self, name: str, runtime: HB_HBMRuntime, inner: str, origin: Origin) -> ServedModel:
        pressure = self._settings.back_pressure
        in_flight = pressure.in_flight or max(1, len(get_devices()))
        return ServedModel(name, runtime, inner, origin, Gate(name, in_flight, pressure.queue_size, pressure.policy))

    def _close_if_unused(self, runtime: HB_HBMRuntime) -> None:
        if all(model.runtime is not runtime for model in self):
            runtime.close()


def _inner_name(runtime: HB_HBMRuntime, name: str, file: ModelFile) -> str:
    names = runtime.model_names
    if name in names:
        return name
    if len(names) == 1:
        return names[0]
    raise InputError(
        f"{file.path.name} has the models {', '.join(names)}, and none of them is named '{name}'", model=name
    )
