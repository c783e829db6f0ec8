//===- ReportStyle.cpp - the report's style sheet -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/ReportPage.h"

namespace xlstm {

const char *reportStyleSheet() {
  return R"css(
:root { color-scheme: light dark; --bg: #fbfbf9; --panel: #ffffff; --fg: #1c1e21; --muted: #63676e; --line: #dcdcd6;
  --grid: #e8e8e3; --accent: #1d4ed8; --c0: #6b7280; --c1: #d97706; --c2: #0e9f9a; --c3: #8b5cf6; --c4: #db2777;
  --c5: #2563eb; --c6: #65a30d; --c7: #b45309; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #131417; --panel: #1b1d21; --fg: #e7e8ea; --muted: #9a9fa8; --line: #33363c; --grid: #2a2d32;
    --accent: #7aa2ff; --c0: #9ca3af; --c1: #f5a742; --c2: #2dd4cf; --c3: #a78bfa; --c4: #f472b6; --c5: #6ea0ff;
    --c6: #a3d65c; --c7: #e8a06a; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue",
  "DejaVu Sans", sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4em; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 2.6em 0 .5em; padding-top: .9em; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.6em 0 .4em; }
p { margin: .6em 0; }
.lead { font-size: 1.1rem; }
.note { color: var(--muted); font-size: .9rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; margin: 24px 0; }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.card b { display: block; font-size: 1.5rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.card span { color: var(--muted); font-size: .85rem; line-height: 1.35; display: block; margin-top: 2px; }
figure { margin: 1.1em 0; background: var(--panel); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px 14px 8px; overflow-x: auto; }
figcaption { color: var(--muted); font-size: .88rem; padding: 6px 4px 4px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .8em 0; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--muted); }
th:first-child, td:first-child { text-align: left; padding-left: 2px; }
.words { display: block; text-align: left; white-space: normal; }
tr.main td { font-weight: 600; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 7px; }
small { color: var(--muted); font-weight: 400; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; overflow-x: auto;
  font: 13px/1.45 ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; }
summary { cursor: pointer; color: var(--accent); }
svg { display: block; width: 100%; height: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(330px, 1fr)); gap: 8px; }
svg text { font: 12px system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; fill: var(--fg); }
svg .tick { fill: var(--muted); font-size: 11px; }
svg .value { font-size: 10px; fill: var(--muted); }
svg .mid { text-anchor: middle; }
svg .end { text-anchor: end; }
svg .cell { text-anchor: middle; font-size: 11px; fill: #1c1e21; }
svg .bright { fill: #ffffff; }
.grid { stroke: var(--grid); }
.axis { stroke: var(--muted); }
.error { stroke: var(--fg); stroke-opacity: .65; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.faint { stroke-width: 1; stroke-opacity: .35; }
.s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); } .s3 { stroke: var(--c3); }
.s4 { stroke: var(--c4); } .s5 { stroke: var(--c5); } .s6 { stroke: var(--c6); } .s7 { stroke: var(--c7); }
.fill { stroke: none; }
.fill.s0 { fill: var(--c0); } .fill.s1 { fill: var(--c1); } .fill.s2 { fill: var(--c2); } .fill.s3 { fill: var(--c3); }
.fill.s4 { fill: var(--c4); } .fill.s5 { fill: var(--c5); } .fill.s6 { fill: var(--c6); } .fill.s7 { fill: var(--c7); }
.swatch.s0 { background: var(--c0); } .swatch.s1 { background: var(--c1); } .swatch.s2 { background: var(--c2); }
.swatch.s3 { background: var(--c3); } .swatch.s4 { background: var(--c4); } .swatch.s5 { background: var(--c5); }
.swatch.s6 { background: var(--c6); } .swatch.s7 { background: var(--c7); }
@media print { main { max-width: none; } figure, .card { break-inside: avoid; } }
)css";
}

} // namespace xlstm
