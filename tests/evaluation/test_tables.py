"""Tables: every value, booktabs that LaTeX takes, and HTML in which nothing breaks out."""

from __future__ import annotations

import csv
import io
import re

import pandas as pd
import pytest

from lmnet_utils.evaluation import tables
from lmnet_utils.rendering import pages


def test_tables_keep_every_value():
    rows = [{"model": "L1 | chair", "chamfer": 7.125, "n": 3}, {"model": "floor", "chamfer": 3.0, "extra": None}]
    markdown = [re.sub(" +", " ", line) for line in tables.table(rows).splitlines()]
    assert re.fullmatch(r"\|:-+\|-+:\|-+:\|-+:\|", markdown[1]), "text to the left, numbers to the right"
    assert markdown[0] == "| model | chamfer | n | extra |" and markdown[2] == "| L1 \\| chair | 7.12 | 3 | |"
    read = list(csv.DictReader(io.StringIO(tables.table(rows, "csv"))))
    assert [float(row["chamfer"]) for row in read] == [7.125, 3.0] and read[1]["n"] == ""
    plain = tables.table(rows, "plain", columns=["model", "chamfer"]).splitlines()
    assert plain == ["model         chamfer", "L1 | chair       7.12", "floor            3.00"]
    with pytest.raises(ValueError, match="format"):
        tables.table(rows, "html")


def unescaped(latex: str) -> str:
    """What LaTeX would show of a cell: the inverse of the escaping, from LaTeX's own rules."""
    for command, character in {"lambda": "λ", "times": "×", "leq": "≤"}.items():
        latex = latex.replace(f"$\\{command}$", character)
    latex = latex.replace("\\textbackslash{}", "\0").replace("--", "–")
    for character in "&%$#_{}":
        latex = latex.replace(f"\\{character}", character)
    return latex.replace("\0", "\\")


def test_latex_is_booktabs_balanced_and_escaped():
    rows = [
        {"model": "λ = 5.5 & {co_1} #2 50% $x$ \\ end", "chamfer": 9.171, "chamfer_low": 8.0, "chamfer_high": 10.5},
        {"model": "floor", "chamfer": 4.0, "chamfer_low": 3.0, "chamfer_high": 5.0},
        {"model": "≤ 2 × 3–4", "chamfer": 9.174, "chamfer_low": None, "chamfer_high": None},
    ]
    told = [rows[0], {**rows[1], "contender": False}, {**rows[2], "contender": True}]  # who says nothing competes, too
    options = {"best": {"chamfer": "low"}, "intervals": True, "titles": {"chamfer": "CD_100"}}
    lines = tables.table(told, "latex", list(rows[0]), **options).splitlines()
    assert lines[0] == r"\begin{tabular}{lr}" and lines[-1] == r"\end{tabular}"
    assert [lines[k] for k in (1, 3, -2)] == [r"\toprule", r"\midrule", r"\bottomrule"]
    body = [lines[2], *lines[4:-2]]
    assert all(line.endswith(r" \\") for line in body)
    cells = [line.removesuffix(r" \\").split(" & ") for line in body]
    names = [" & ".join(cell[:-1]) for cell in cells[1:]]  # an escaped & is `\&`: it looks like a separator here
    assert [unescaped(name) for name in names] == [row["model"] for row in rows]
    assert cells[0][-1] == r"CD\_100"
    assert [cell[-1] for cell in cells[1:]] == [r"\textbf{9.17} [8.00, 10.50]", "4.00 [3.00, 5.00]", r"\textbf{9.17}"]
    for line in body:  # no brace, dollar or special character is open
        plain = line.replace(r"\textbackslash{}", "").replace(r"\{", "").replace(r"\}", "").replace(r"\$", "")
        assert plain.count("{") == plain.count("}") and plain.count("$") % 2 == 0
    assert "9.171" in tables.table(rows, "csv") and "**" not in tables.table(rows, "plain", best={"chamfer": "low"})
    assert re.search(
        r"\| +\*\*4.00\*\* \|", tables.table(rows, "markdown", ["model", "chamfer"], best={"chamfer": "low"})
    )


def test_a_table_shows_long_texts_whole_and_keeps_its_rows():
    rows = [{"claim": "x" * 300, "evidence": "one\ntwo"}, {"claim": "y", "evidence": None}]
    for format in ("markdown", "latex"):
        text = tables.table(rows, format)
        assert "x" * 300 in text and "one two" in text
    assert len(tables.table(rows).splitlines()) == 4
    assert "x" * 300 in tables.table(rows, "plain")
    many = [{"i": i} for i in range(500)]
    assert len(tables.table(many).splitlines()) == 502 and len(tables.table(many, "plain").splitlines()) == 501


def test_counts_stay_whole_numbers_and_empty_tables_are_texts():
    rows = [{"model": "a", "seeds": 2}, {"model": "b"}]
    assert tables.table(rows, "csv") == "model,seeds\na,2\nb,\n"
    assert "2.0" not in tables.table(rows)
    for format in tables.FORMATS:
        assert isinstance(tables.table([], format), str)


def test_html_table_says_what_heads_rows_and_columns_and_escapes():
    frame = pd.DataFrame([["<script>", "9.17"]], columns=["model", "<b>"])
    html = str(pages.macros("table.html.j2").table(frame, numeric=[1]))
    assert "<script>" not in html and "&lt;script&gt;" in html and "&lt;b&gt;" in html
    assert '<th scope="row">' in html and html.count('<th scope="col"') == 2 and '<td class="n">9.17</td>' in html
