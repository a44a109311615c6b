"""The pages `docs/measures.md`, in both languages, written from the table."""

from typing import Final

from annul.domain.text import Text

from .series import Group, Series, Type
from .table import TABLE, series

_HEAD: Final = Text(
    """\
# 指标

本页由 `make measures` 从 `src/annul/operate/measures/` 的表生成。

每个进程在 `/metrics`（Prometheus 文本）给出下列序列；需要 `metrics` 权限或带此权限的密钥。
命名统一：`annul_` 加所数之物，`_total` 只增，`_seconds`、`_bytes` 为单位，其余为个数；
`process_` 是各程序通用的名称。标签从不含商户、终端、卡或地址。一个序列最多 256 组标签，
其余合计为 `other`。标有“全库”的序列由每个进程对整个数据库给出，多进程时取最大而不求和。

`annul up --hosts N` 的各序列另有标签 `process`，照管进程自己的为 `pages`。
`annul console --status-port N` 使单独的控制台也给出其序列。

[Grafana 面板](grafana/annul.zh-CN.json)和
[Prometheus 报警规则](grafana/rules.zh-CN.yml)由同一张表生成：

```yaml
scrape_configs:
  - job_name: annul
    authorization: {credentials_file: annul.key}   # 具有 metrics 权限的密钥
    static_configs: [{targets: ["127.0.0.1:8580"]}]
rule_files: [rules.zh-CN.yml]
```
""",
    """\
# Measures

`make measures` writes this page from the table in `src/annul/operate/measures/`.

Each process gives these series at `/metrics`, as text for Prometheus; that takes the scope
`metrics`, or a key with it. One scheme of names: `annul_`, then what is counted; `_total` only
rises, `_seconds` and `_bytes` are the units, anything else is a number of things; `process_` are
the names that every program has. A label never names a merchant, a terminal, a card or an address.
A series has 256 sets of labels at most; the rest is told together, as `other`. What is marked
"whole database" each process tells of all of it: of several, take the greatest, not the sum.

Under `annul up --hosts N` every series has the label `process`; those of the process that looks
after the others are `pages`. With `annul console --status-port N` a console alone gives its series
too.

The [dashboard for Grafana](grafana/annul.json) and the
[alert rules for Prometheus](grafana/rules.yml) are written from the same table:

```yaml
scrape_configs:
  - job_name: annul
    authorization: {credentials_file: annul.key}   # a key with the scope metrics
    static_configs: [{targets: ["127.0.0.1:8580"]}]
rule_files: [rules.yml]
```
""",
)
_COLUMNS: Final = Text(
    "| 序列 | 类型 | 单位 | 标签 | 含义 |", "| series | type | unit | labels | what it says |"
)
_TYPES: Final = {
    Type.COUNTER: Text("计数", "counter"),
    Type.GAUGE: Text("当前值", "gauge"),
    Type.HISTOGRAM: Text("分布", "histogram"),
}
_UNITS: Final = {"s": Text("秒", "seconds"), "bytes": Text("字节", "bytes")}
_SHARED: Final = Text("（全库）", " (whole database)")
_ALERTS: Final = Text("报警", "Alerts")
_ALERT_COLUMNS: Final = Text(
    "| 报警 | 级别 | 条件 | 持续 | 含义 |", "| alert | severity | when | for | what it means |"
)


def page(language: str) -> str:
    """Write the page in a language, `zh` or `en`."""
    lines = [_HEAD.speak(language)]
    for group in TABLE:
        lines += [f"## {group.title.speak(language)}", "", *_table(group, language), ""]
    lines += [f"## {_ALERTS.speak(language)}", "", _ALERT_COLUMNS.speak(language), "|---" * 5 + "|"]
    for one in series():
        for alert in one.alerts:
            when = f"`{alert.when}`".replace("|", "\\|")
            says = alert.says.speak(language).replace("{{ $labels.", "_").replace(" }}", "_")
            lines.append(f"| {alert.name} | {alert.severity} | {when} | {alert.for_} | {says} |")
    return "\n".join(lines) + "\n"


def _table(group: Group, language: str) -> list[str]:
    return [
        _COLUMNS.speak(language),
        "|---" * 5 + "|",
        *(_row(one, language) for one in group.series),
    ]


def _row(one: Series, language: str) -> str:
    unit = _UNITS[one.unit].speak(language) if one.unit else ""
    labels = ", ".join(f"`{label}`" for label in one.labels)
    says = one.help.speak(language) + (_SHARED.speak(language) if one.shared else "")
    if one.values:
        means = (f"`{value}` {text.speak(language)}" for value, text in one.values.items())
        says += (": " if language != "zh" else "：") + "; ".join(means)
    kind = _TYPES[one.kind].speak(language)
    return f"| `{one.name}` | {kind} | {unit} | {labels} | {says} |"
