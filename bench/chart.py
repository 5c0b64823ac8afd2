"""Bars as a picture: a title, then groups of names and numbers, each group on a scale of its own."""

from html import escape

WIDTH, NAMES, BAR, GAP = 860, 310, 18, 6
FONT = "font-family='system-ui, sans-serif'"
INK, QUIET, FILL, PAPER = "#1c2430", "#5b6675", "#2f6f8f", "#ffffff"


def chart(groups, subtitle):
    """The SVG of (title, [(name, number)]) groups."""
    parts, y = [], 24
    for title, bars in groups:
        parts.append(text(16, y + 8, title, INK, 15, "600"))
        y += 28
        most = max(number for _, number in bars)
        for name, number in bars:
            length = max(1, round((WIDTH - NAMES - 110) * number / most))
            parts.append(text(NAMES - 8, y + 13, name, INK, 12, anchor="end"))
            parts.append(f"<rect x='{NAMES}' y='{y}' width='{length}' height='{BAR}' rx='2' fill='{FILL}'/>")
            parts.append(text(NAMES + length + 8, y + 13, f"{number:,.0f}/s", QUIET, 12))
            y += BAR + GAP
        y += 22
    parts.append(text(16, y, subtitle, QUIET, 11))
    height = y + 16
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}'>"
    paper = f"<rect width='{WIDTH}' height='{height}' fill='{PAPER}'/>"
    return "\n".join([head, paper, *parts, "</svg>"]) + "\n"


def text(x, y, words, colour, size, weight="400", anchor="start"):
    shape = f"font-size='{size}' font-weight='{weight}' text-anchor='{anchor}' fill='{colour}'"
    return f"<text x='{x}' y='{y}' {FONT} {shape}>{escape(words)}</text>"
