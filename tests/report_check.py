"""Looks at a report as a browser's parser does.  usage: report_check.py PAGE RUN [DOWNLOAD]

The page is well-formed (also as XML), asks for nothing from outside, has a text for every picture, and its
numbers are those of RUN's tables.  Prints what it counted, or the file that the page offers as DOWNLOAD.
"""
import base64, csv, html.parser, io, os, struct, sys, zlib
import xml.etree.ElementTree as tree

page, run = sys.argv[1:3]
text = open(page, encoding="utf-8").read()
root = tree.fromstring(text.replace("<!DOCTYPE html>", ""))


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.ids, self.tags = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            assert not name.startswith("on"), f"{tag} {name}"
            if name in ("href", "src", "xlink:href", "action", "data"):
                self.links.append(value)
            if name == "id":
                self.ids.append(value)


parser = Parser()
parser.feed(text)
assert "script" not in parser.tags and "link" not in parser.tags and "iframe" not in parser.tags
for link in parser.links:
    assert link.startswith("data:") or link[0] == "#" and link[1:] in parser.ids, link
assert "http://" not in text and "https://" not in text and "url(" not in text and "@import" not in text

values = [float(d.get("value")) for d in root.iter("data")]
for name in ("metrics.csv", "metrics-cases.csv"):
    path = os.path.join(run, name)
    for row in csv.DictReader(open(path)) if os.path.exists(path) else []:
        for key, cell in row.items():
            if key not in ("case", "label", "metric", "state") and cell:
                assert float(cell) in values, f"{name}: {key} {cell} is not in the page"

files = {}
for a in root.iter("a"):
    if a.get("download"):
        head, body = a.get("href").split(",", 1)
        assert head == "data:text/csv;base64", head
        files[a.get("download")] = base64.b64decode(body, validate=True).decode()
if "metrics-cases.csv" in files:
    assert files["metrics-cases.csv"] == open(os.path.join(run, "metrics-cases.csv")).read()
if "loss.csv" in files:
    own = [r["loss"] for r in csv.DictReader(open(os.path.join(run, "progress.csv")))]
    shown = list(csv.DictReader(io.StringIO(files["loss.csv"])))
    if "loss" in shown[0]:
        assert [float(r["loss"]) for r in shown] == [float(x) for x in own]
    else:
        assert min(float(r["loss_min"]) for r in shown) == min(map(float, own))
for name, body in files.items():
    rows = list(csv.reader(io.StringIO(body)))
    assert len(rows) > 1 and len({len(r) for r in rows}) == 1, name

drawings = [s for s in root.iter("svg") if s.get("role") == "img"]
assert all(s.get("aria-label") for s in drawings)
pictures = [i for i in root.iter("image")]
for i in pictures:
    png = base64.b64decode(i.get("href").removeprefix("data:image/png;base64,"), validate=True)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    at, pixels = 8, b""
    while at < len(png):
        n, kind = struct.unpack(">I4s", png[at:at + 8])
        pixels += png[at + 8:at + 8 + n] if kind == b"IDAT" else b""
        at += 12 + n
    assert len(zlib.decompress(pixels)) == height * (width + 1)
warnings = sum(1 for e in root.iter() if e.get("class") == "warning")
if len(sys.argv) > 3:
    print(files[sys.argv[3]], end="")
    sys.exit()
print(f"{len(drawings) - len(pictures)} charts, {len(pictures)} pictures, {len(files)} downloads, {warnings} warnings")
