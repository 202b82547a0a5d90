"""A configuration file that builds on a preset: `preset: NAME` takes presets/NAME.yml, which may build on another one.

Maps merge key by key, everything else is replaced, and nothing (`key:` or `key: null`) takes out what the preset has. A
fault is told in the file and at the line where the key really stands. What the keys mean does not matter here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.settings.errors import SettingsError, SettingsErrors
from orchestration.settings.home import SHIPPED, config_file
from orchestration.settings.loader import Location, line_of, plain, read_yaml

KEY = "preset"
PRESETS = "presets"
# Files of the folder that are no preset of a whole file.
SEGMENT_MAPS = "rfm_"


@dataclass(frozen=True)
class Layers:
    """The file itself first, then each preset below it, as YAML documents with line numbers."""

    paths: tuple[Path, ...]
    documents: tuple[Any, ...]

    @property
    def merged(self) -> Any:
        """The plain document that all layers together give, without the key `preset`."""
        merged: Any = {}
        for document in reversed(self.documents):
            merged = _merge(merged, plain(document))
        return {key: value for key, value in merged.items() if key != KEY} if isinstance(merged, dict) else merged

    def place(self, location: Location) -> tuple[Path, int | None]:
        """File and line of the deepest part of `location` that exists, in the uppermost layer that says it."""
        nodes = list(zip(self.paths, self.documents, self.documents, strict=True))
        path, line = self.paths[0], None
        for depth, part in enumerate(location, start=1):
            nodes = [(file, root, _child(node, part)) for file, root, node in nodes if _has(node, part)]
            if not nodes:
                break
            path, line = nodes[0][0], line_of(nodes[0][1], location[:depth])
            if not isinstance(nodes[0][2], dict):
                nodes = nodes[:1]
        return path, line


def read_layers(path: Path) -> Layers:
    """The file and the presets it builds on, from its folder or the shipped ones.

    Raises SettingsErrors for a preset that is not there, and for one that builds on itself.
    """
    paths, documents = [path], [read_yaml(path)]
    while isinstance(documents[-1], dict) and (name := documents[-1].get(KEY)) is not None:
        found = preset_file(path.parent, name)
        if found is None or found in paths:
            line = line_of(documents[-1], (KEY,))
            allowed = f"one of {preset_names(path.parent)}, none that builds on itself"
            raise SettingsErrors([SettingsError(paths[-1], KEY, line, repr(name), allowed)])
        paths.append(found)
        documents.append(read_yaml(found))
    return Layers(tuple(paths), tuple(documents))


def preset_file(folder: Path, name: Any) -> Path | None:
    """The file of a preset, or None if there is none of that name."""
    return config_file(folder, f"{PRESETS}/{name}.yml") if name in preset_names(folder) else None


def preset_names(folder: Path) -> list[str]:
    """The presets that a file in `folder` may build on."""
    files = [*(folder / PRESETS).glob("*.yml"), *(SHIPPED / PRESETS).glob("*.yml")]
    return sorted({file.stem for file in files if not file.stem.startswith(SEGMENT_MAPS)})


def _merge(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = {key: value for key, value in below.items() if above.get(key, value) is not None}
    for key, value in above.items():
        if value is not None or key not in below:
            merged[key] = _merge(below.get(key), value)
    return merged


def _has(node: Any, part: int | str) -> bool:
    return part in node if isinstance(node, dict) else isinstance(node, list) and isinstance(part, int)


def _child(node: Any, part: Any) -> Any:
    if isinstance(node, dict):
        return node[part]
    return node[part] if part < len(node) else None
