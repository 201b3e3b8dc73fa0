"""Study files and built-in studies: TOML in, the fields of a study out."""

import contextlib
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from paribus.errors import Fault, StudyError, UsageError
from paribus.spec.data import Data, anchored
from paribus.spec.faults import nearest, section_faults

MAX_BYTES = 1_000_000


def builtin_names() -> tuple[str, ...]:
    """Names of the studies that come with paribus."""
    folder = resources.files("paribus.spec") / "builtin"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def locate(study: str) -> Path:
    """The file of a study named on the command line: a path, or the name of a built-in study.

    Raises:
        UsageError: If there is neither.
    """
    path = Path(study)
    if path.is_file():
        return path
    if study in builtin_names():
        return Path(str(resources.files("paribus.spec") / "builtin" / f"{study}.toml"))
    hint = nearest(study, [*builtin_names(), *_files_beside(path)])
    raise UsageError(
        f"no study {study!r}",
        expected=f"a study file, or one of the built-in studies {', '.join(builtin_names())}",
        found="a folder" if path.is_dir() else "no file of that name",
        mend=f"did you mean {hint}?" if hint else "give the path of a .toml file",
    )


def _files_beside(path: Path) -> list[str]:
    """Study files in the folder of a path, named as the path names its own."""
    with contextlib.suppress(OSError, ValueError):
        return [str(path.with_name(other.name)) for other in path.parent.glob("*.toml")]
    return []


def read_fields(path: Path, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a study file with the overrides put in.

    The path of own data starts at the file's folder; one given as an override, where the command is run.

    Raises:
        StudyError: If the file is not TOML, or an override leads nowhere.
    """
    fields = _parse(path)
    if isinstance(fields.get("net"), str):
        fields["net"] = {"callable": fields["net"]}
    if isinstance(fields.get("data"), dict) and "dataset" in fields["data"]:
        fields["data"]["dataset"] = anchored(fields["data"]["dataset"], path.parent)
    faults = [fault for key, text in overrides.items() if (fault := _override(fields, key, text))]
    if faults:
        raise StudyError(str(path), faults)
    return fields


def data_with(data: Data, overrides: Mapping[str, str]) -> Data:
    """The data of a study with some fields changed.

    Args:
        data: Where to start.
        overrides: Field to value, as on the command line.

    Raises:
        StudyError: With every fault of the changed data.
    """
    fields = data.model_dump(exclude_unset=True) | {key: parse_value(text) for key, text in overrides.items()}
    faults = section_faults(Data, fields, "data")
    if faults:
        raise StudyError("--set", faults)
    return Data.model_validate(fields)


def parse_override(text: str) -> tuple[str, str]:
    """``net.pool=avg`` as field and value.

    Raises:
        UsageError: If there is no ``=``.
    """
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise UsageError(f"--set {text}", expected="FIELD=VALUE, such as net.pool=avg", found=repr(text))
    return key.strip(), value.strip()


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"cannot read {path}", found=error.strerror, mend="check the path and its rights"
        ) from None
    if len(content) > MAX_BYTES:
        raise StudyError(str(path), [Fault("file", f"at most {MAX_BYTES:,} bytes of TOML", "a larger file")])
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        fault = Fault("file", "TOML in UTF-8", f"byte {content[error.start]:#04x} at offset {error.start}")
    except tomllib.TOMLDecodeError as error:
        fault = Fault("file", "valid TOML", str(error))
    except RecursionError:
        fault = Fault("file", "valid TOML", "tables or lists nested too deeply")
    except ValueError as error:
        fault = Fault("file", "valid TOML", str(error))
    raise StudyError(str(path), [fault])


def _override(fields: dict[str, Any], key: str, text: str) -> Fault | None:
    """Put one override into the fields as read; unknown names are left to the study's own check."""
    place: Any = fields
    *parents, last = key.split(".")
    for part in parents:
        if isinstance(place, dict):
            place = place.setdefault(part, {})
        elif isinstance(place, list) and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        else:
            return Fault(f"--set {key}", "a path that leads to a field", f"{part!r}, which is not there")
    if isinstance(place, list) and last.isdigit() and int(last) < len(place):
        place[int(last)] = parse_value(text)
    elif isinstance(place, dict):
        place[last] = parse_value(text)
        if key in ("protocol.iterations", "protocol.epochs"):
            place.pop("epochs" if last == "iterations" else "iterations", None)
    else:
        return Fault(f"--set {key}", "a path that leads to a field", f"{last!r}, which is not there")
    return None


def parse_value(text: str) -> Any:  # noqa: ANN401 - any TOML value
    """The value of an override: TOML where it is TOML, otherwise the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
