"""A Sphinx extension: formulas become MathML while the page is made, so that reading them fetches no script or font."""

import html
import re
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

_log = logging.getLogger(__name__)
# Environments that the converter doesn't know, and the one it knows that looks like them.
_ROWS = re.compile(r"\\(begin|end)\{(?:aligned|gathered|gather\*?|multline\*?)\}")
_EQUATION = re.compile(r"\\(?:begin|end)\{equation\*?\}")


def setup(app):
    """Register the renderer; conf.py chooses it with html_math_renderer = "mathml"."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def to_mathml(latex, display, where=None):
    """MathML of a formula, or the formula itself as code, and a warning, where it can't be converted."""
    text = _ROWS.sub(r"\\\1{split}", _EQUATION.sub("", latex)).strip()
    if display and "\\\\" in text and "\\begin" not in text:
        text = rf"\begin{{split}}{text}\end{{split}}"
    try:
        markup = convert(text, display="block" if display else "inline")
        ElementTree.fromstring(markup)  # an environment that it doesn't know leaves a bare & behind
        return markup
    except Exception as error:  # the converter raises many kinds, none of them its base class alone
        _log.warning("formula %r can't be converted: %s", latex, error, location=where)
        return f"<code>{html.escape(latex)}</code>"


def _visit_inline(visitor, node):
    visitor.body.append(to_mathml(node.astext(), False, node))
    raise nodes.SkipNode


def _visit_block(visitor, node):
    visitor.body.append(visitor.starttag(node, "div", CLASS="formula"))
    if node["number"]:
        visitor.body.append(f'<span class="eqno">({node["number"]})</span>')
    visitor.body.append(to_mathml(node.astext(), True, node) + "</div>\n")
    raise nodes.SkipNode
