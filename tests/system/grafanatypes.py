"""Grafana's published types of a classic dashboard, and the compiler that holds JSON to them.

`@grafana/schema` says what a dashboard and a panel are, and what the options and the fields of each type of
panel are. Enumerations are names there and texts in JSON, so `Wire` reads them as their texts. What a query
or an annotation asks of Prometheus has no published type: `Asked` is what Grafana's data source reads.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

from tests.programs import PROJECT, require_tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MODULES: Final = PROJECT / ".tools" / "grafana" / "node_modules"

KINDS: Final = {
    "bargauge": "BarGauge",
    "heatmap": "Heatmap",
    "piechart": "PieChart",
    "stat": "Stat",
    "state-timeline": "StateTimeline",
    "status-history": "StatusHistory",
    "table": "Table",
    "text": "Text",
    "timeseries": "TimeSeries",
}
"""The names of the published types, by type of panel."""

WITHOUT_FIELDS: Final = frozenset({"bargauge", "stat", "text"})
"""Types of panels that have nothing of their own to say about fields."""

UNPUBLISHED: Final = frozenset({"alertlist"})
"""Types of panels of which Grafana publishes no options."""

_HEAD: Final = """\
import type * as schema from '@grafana/schema';

type Wire<T> = unknown extends T ? T
  : T extends string ? `${T}`
  : T extends number | boolean | null | undefined ? T
  : T extends Array<infer E> ? Array<Wire<E>>
  : { [K in keyof T]: Wire<T[K]> };

type Asked = schema.DataQuery & {
  expr: string; format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean; range?: boolean; exemplar?: boolean;
  legendFormat?: string; interval?: string; intervalFactor?: number; editorMode?: 'code' | 'builder';
};
type Mark = Omit<schema.AnnotationQuery, 'target'> & {
  target?: Asked; titleFormat?: string; textFormat?: string; tagKeys?: string; useValueForTime?: boolean;
};
type Fields<C> = Omit<schema.FieldConfigSource, 'defaults'>
  & { defaults: Omit<schema.FieldConfig, 'custom'> & { custom?: Partial<C> } };
type Kind<T extends string, O, C> = Wire<
  Omit<schema.Panel, 'type' | 'options' | 'fieldConfig' | 'targets'>
  & { options: O; fieldConfig?: Fields<C>; targets?: Asked[] }
> & { type: T };
"""

_BOARD: Final = """\
type Row = Omit<Wire<schema.RowPanel>, 'panels' | 'type'> & { type: 'row'; panels: Panel[] };
type Board = Omit<Wire<schema.Dashboard>, 'panels' | 'annotations'>
  & { panels: Array<Panel | Row>; annotations: { list: Wire<Mark>[] } };
"""

_CONFIG: Final = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "module": "esnext",
        "moduleResolution": "bundler",
        "target": "es2022",
        "types": [],
    },
    "files": ["dashboards.ts"],
}


def complaints(dashboards: Mapping[str, Any], *, folder: Path) -> dict[str, list[str]]:
    """Return what the compiler says of each dashboard, by its name; nothing of those that keep the types."""
    compiler = require_tool("tsc", tools=MODULES / ".bin", hint="`make tools` fetches it")
    (folder / "node_modules").symlink_to(MODULES)
    program, begins = _program(dashboards)
    (folder / "dashboards.ts").write_text(program, encoding="utf-8")
    (folder / "tsconfig.json").write_text(json.dumps(_CONFIG), encoding="utf-8")
    ran = subprocess.run(
        [compiler, "--project", folder, "--pretty", "false"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode in {0, 2}, ran.stdout + ran.stderr
    return _by_dashboard(ran.stdout, begins)


def _by_dashboard(said: str, begins: Mapping[int, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in begins.values()}
    for line in said.splitlines():
        if line.startswith(" "):  # more of the complaint before
            continue
        place = re.search(r"\bdashboards\.ts\((\d+),\d+\): (error .*)", line)
        before = [begin for begin in begins if place and begin <= int(place[1])]
        assert place, f"not of a dashboard: {line}"
        assert before, f"not of a dashboard: {line}"
        found[begins[max(before)]].append(place[2])
    return found


def _program(dashboards: Mapping[str, Any]) -> tuple[str, dict[int, str]]:
    """Return the program, and on which line each dashboard begins."""
    parts = [_HEAD]
    for name in KINDS.values():
        module = f"@grafana/schema/dist/esm/raw/composable/{name.lower()}/panelcfg/x/{name}PanelCfg_types.gen"
        parts.append(f"import type * as {name} from '{module}';")
    types = [
        f"Kind<'{kind}', {name}.Options, {'{}' if kind in WITHOUT_FIELDS else f'{name}.FieldConfig'}>"
        for kind, name in KINDS.items()
    ]
    types += [f"Kind<'{kind}', Record<string, unknown>, {{}}>" for kind in sorted(UNPUBLISHED)]
    parts.append(f"type Panel = {' | '.join(types)};\n{_BOARD}")
    text = "\n".join(parts)
    begins = {}
    for number, (name, dashboard) in enumerate(dashboards.items()):
        begins[text.count("\n") + 1] = name
        text += f"export const board{number}: Board = {json.dumps(dashboard, indent=1)};\n"
    return text, begins
