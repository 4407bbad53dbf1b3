/** The looks of the page. Colours are named once for light and once for dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fbfaf8, #15171b);
  --card: light-dark(#ffffff, #1c1f25);
  --sunken: light-dark(#f3f1ed, #121418);
  --line: light-dark(#e2dfd8, #30343d);
  --ink: light-dark(#1d1f24, #e8e6e1);
  --quiet: light-dark(#5c5f68, #a3a6b0);
  --link: light-dark(#1d4f91, #9cc2ff);
  --good: light-dark(#14673d, #7fd6a3);
  --good-tint: light-dark(#e3f3ea, #17352a);
  --required: light-dark(#3d5468, #b3c8dc);
  --required-tint: light-dark(#e9eff5, #242e39);
  --bad: light-dark(#a3211b, #ffa79f);
  --bad-tint: light-dark(#fce8e6, #471f1e);
  --warn: light-dark(#7a4d00, #f2c66d);
  --warn-tint: light-dark(#fdf1d7, #3d3013);
  --unknown: light-dark(#61378f, #d3b4f8);
  --unknown-tint: light-dark(#f1e9fa, #33254a);
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace;
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0 auto; max-width: 76rem; padding: 1.5rem clamp(1rem, 4vw, 3rem) 4rem;
  background: var(--paper); color: var(--ink);
  overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', sans-serif;
}
h1, h2, h3, h4, h5, p, ul, ol, dl, dd { margin: 0; padding: 0; }
h1 { font-size: clamp(1.5rem, 1.1rem + 2vw, 2.25rem); line-height: 1.2; letter-spacing: -0.02em; font-weight: 650; text-wrap: balance; }
h2 { font-size: 1.35rem; line-height: 1.25; letter-spacing: -0.01em; font-weight: 650; }
h3, h4 { font-size: 1rem; font-weight: 600; line-height: 1.4; }
h4 { font-size: 0.95rem; }
h5 { font-size: 0.8rem; font-weight: 600; color: var(--quiet); margin-bottom: 0.3rem; }
ul, ol { list-style: none; }
a { color: var(--link); text-underline-offset: 0.2em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
code, pre { font-family: var(--mono); font-size: 0.86em; overflow-wrap: anywhere; }
pre { margin: 0; padding: 0.8rem 1rem; background: var(--sunken); border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; font-size: 0.84rem; line-height: 1.55; }
pre code { font-size: 1em; }
pre mark { display: block; background: var(--warn-tint); color: inherit; border-radius: 3px; box-shadow: 0 0 0 2px var(--warn-tint); }
.quiet, .lead { color: var(--quiet); }
.quiet { font-size: 0.85rem; }
.lead { max-width: 46rem; text-wrap: pretty; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--card); padding: 0.5rem 1rem; z-index: 9; }

.verdict { --tone: var(--unknown); --tint: var(--unknown-tint); background: var(--card); border: 1px solid var(--line); border-radius: 16px; padding: clamp(1.25rem, 3vw, 2.25rem); display: grid; gap: 1rem; }
.verdict.outlasts { --tone: var(--good); --tint: var(--good-tint); }
.verdict.loses, .verdict.fails { --tone: var(--bad); --tint: var(--bad-tint); }
.kicker { display: flex; flex-wrap: wrap; gap: 0.2rem 0.9rem; font-size: 0.85rem; color: var(--quiet); }
.kicker strong { color: var(--ink); letter-spacing: 0.02em; }
.verdict h1 { display: grid; grid-template-columns: auto 1fr; gap: 0.8rem; align-items: start; }
.seal { width: 1.5em; height: 1.5em; margin-top: -0.13em; border-radius: 50%; display: grid; place-items: center; background: var(--tint); color: var(--tone); font-weight: 700; font-size: 0.95em; }
.next { padding: 0.7rem 1rem; background: var(--tint); border-radius: 8px; max-width: 46rem; }
.troubles { border-top: 1px solid var(--line); padding-top: 1.1rem; display: grid; gap: 0.7rem; }
.troubles h2 { font-size: 1rem; }
.troubles ol { display: grid; gap: 0.9rem 2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
.troubles li { display: grid; gap: 0.2rem; align-content: start; font-size: 0.92rem; line-height: 1.45; }
.troubles a { text-decoration: none; font-weight: 600; }
.troubles a:hover { text-decoration: underline; }
.troubles li > span { color: var(--quiet); }

nav { margin: 1rem 0 0; font-size: 0.9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.1rem; padding: 0 0.25rem; }
nav a { color: var(--quiet); text-decoration: none; padding: 0.2rem 0; }
nav a:hover { color: var(--link); text-decoration: underline; }
section { margin-top: 3rem; display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
section > .lead { margin-top: -0.6rem; }

.good { --tone: var(--good); --tint: var(--good-tint); }
.required, .none { --tone: var(--required); --tint: var(--required-tint); }
.bad, .error { --tone: var(--bad); --tint: var(--bad-tint); }
.borrowed, .accepted, .warning { --tone: var(--warn); --tint: var(--warn-tint); }
.unknown, .untried { --tone: var(--unknown); --tint: var(--unknown-tint); }
.info { --tone: var(--required); --tint: var(--required-tint); }
.chip, .key { display: inline-block; border-radius: 999px; padding: 0.05rem 0.6rem; background: var(--tint, var(--sunken)); color: var(--tone, var(--ink)); font-size: 0.82rem; font-weight: 600; max-width: 100%; }
.chip .mark, .tile .mark { font-weight: 700; }
.key { min-width: 1.7rem; text-align: center; padding: 0.05rem 0.4rem; }
.key.corner { min-width: 0; padding: 0; border-radius: 0; background: none; border: 5px solid var(--bad); border-left-color: transparent; border-bottom-color: transparent; }

.scroll { overflow: auto; border-radius: 12px; border: 1px solid var(--line); background: var(--card); }
.scroll:has(tbody tr:nth-child(25)) { max-height: 85vh; }
table { border-collapse: separate; border-spacing: 0; width: 100%; }
th { text-align: left; font-weight: 600; }
caption { text-align: left; }
.scroll:has(.narrow) { width: fit-content; min-width: min(100%, 34rem); max-width: 100%; }
.matrix:not(.dense) td { min-width: 8rem; }
.matrix caption { padding: 0.7rem 1rem; caption-side: bottom; position: sticky; left: 0; }
.matrix th, .matrix td { overflow-wrap: normal; border-bottom: 1px solid var(--line); padding: 3px; }
.matrix th { font-size: 0.9rem; padding: 0.55rem 1rem; background: var(--card); }
.matrix tbody th { position: sticky; left: 0; min-width: 8rem; max-width: 20rem; z-index: 1; border-right: 1px solid var(--line); }
.matrix thead th, .matrix .corner { position: sticky; top: 0; z-index: 2; background: var(--card); vertical-align: bottom; }
.matrix thead th { padding: 0.55rem 0.6rem; text-align: center; }
.matrix .corner { left: 0; z-index: 3; border-right: 1px solid var(--line); }
.matrix .name { display: block; color: inherit; text-decoration: none; }
.matrix a.name:hover { text-decoration: underline; }
.matrix .about { display: block; font-size: 0.78rem; line-height: 1.35; font-weight: 400; color: var(--quiet); }
.tile { display: flex; flex-wrap: wrap; justify-content: center; align-content: center; gap: 0 0.4rem; min-height: 2.75rem; min-width: 2.6rem; border-radius: 6px; background: var(--tint); color: var(--tone); text-decoration: none; font-size: 0.86rem; line-height: 1.3; font-weight: 550; text-align: center; padding: 0.15rem 0.4rem; }
.tile.good, .tile.none { background: none; }
.tile.none { color: var(--quiet); }
.tile.bad { outline: 1px solid var(--tone); outline-offset: -1px; }
.tile:hover { box-shadow: inset 0 0 0 2px var(--tone); }
.tile:focus-visible { outline: 3px solid var(--link); outline-offset: -1px; }
.tile .note { flex-basis: 100%; font-size: 0.72rem; line-height: 1.2; font-weight: 400; }
.dense .word, .dense .note { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.dense .tile { position: relative; min-height: 1.9rem; min-width: 1.9rem; }
.dense .tile:has(.surprise)::after { content: ''; position: absolute; top: 3px; right: 3px; border: 4px solid var(--tone); border-left-color: transparent; border-bottom-color: transparent; }
.dense thead th .name { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; max-height: 11rem; overflow: hidden; text-overflow: ellipsis; }
.dense .about { display: none; }
.legend li:has(.corner) { display: none; }
section:has(.dense) .legend li:has(.corner) { display: flex; }
.dense tbody th { padding-block: 0.2rem; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 0.4rem 1.3rem; font-size: 0.82rem; color: var(--quiet); }
.legend li { display: flex; gap: 0.45rem; align-items: center; }

.grounds { display: flex; flex-wrap: wrap; gap: 1.75rem 1.5rem; align-items: stretch; }
.ground { flex: var(--boxes) 1 calc(var(--boxes) * 10.5rem + 3rem); max-width: min(100%, calc(var(--boxes) * 26rem)); display: flex; flex-direction: column; justify-content: flex-end; }
.boxes { display: flex; gap: 0.6rem; align-items: flex-end; padding: 0 0.75rem; }
.box { flex: 1 1 0; min-width: 0; display: grid; overflow-wrap: anywhere; gap: 0.3rem; justify-items: start; align-content: start; background: var(--card); border: 1px solid var(--line); border-bottom: 0; border-radius: 10px 10px 0 0; padding: 0.75rem 0.9rem; }
.box .chips { display: flex; flex-wrap: wrap; gap: 0.3rem; margin-top: 0.15rem; }
.slab { min-height: 4.6rem; align-content: center; border-radius: 8px; padding: 0.55rem 0.9rem; display: grid; font-size: 0.8rem; line-height: 1.4; overflow-wrap: anywhere; }
.slab strong { font-family: var(--mono); font-size: 0.86rem; }
.slab span::first-letter { text-transform: uppercase; }
.solid .slab { background: light-dark(#3a4453, #cfd6e1); color: light-dark(#ffffff, #15171b); }
.named-volume .slab { background: light-dark(#56637a, #a9b5c9); }
.air .box { border: 1.5px dashed var(--warn); border-radius: 10px; }
.air .boxes { padding-bottom: 1.1rem; }
.air .slab { border: 1.5px dashed var(--line); color: var(--warn); }

.cards { display: grid; gap: 0.9rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.25rem; display: grid; gap: 0.5rem; grid-template-columns: minmax(0, 1fr); }
.card .where { color: var(--quiet); font-size: 0.9rem; }

.recovery, .timelines { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.25rem; }
.recovery { --label: clamp(6.5rem, 24vw, 11rem); --value: clamp(5rem, 20vw, 9.5rem); }
.recovery table, .timelines table { table-layout: fixed; }
.recovery .bare th, .timelines .bare th { padding: 0; height: 0; line-height: 0; }
.recovery tr > :first-child, .timelines tr > :first-child { width: var(--label); }
.recovery tr > :last-child { width: var(--value); }
.recovery th, .timelines th { font-weight: 500; font-size: 0.88rem; padding: 0.15rem 0.75rem 0.15rem 0; overflow-wrap: anywhere; line-height: 1.3; }
.recovery td, .timelines td { padding: 0.15rem 0; vertical-align: middle; }
.recovery .number { text-align: right; font-size: 0.82rem; color: var(--quiet); font-variant-numeric: tabular-nums; padding-left: 0.75rem; line-height: 1.3; }
.track { display: block; position: relative; height: 1.15rem; border-radius: 4px; background: var(--sunken); }
.range { position: absolute; inset: 0 auto 0 0; background: var(--required-tint); border-radius: 4px; }
.dot { position: absolute; top: 50%; width: 0.65rem; height: 0.65rem; border-radius: 50%; translate: -50% -50%; background: var(--tone); opacity: 0.85; }
.ruler { position: relative; height: 1.2rem; font-size: 0.72rem; color: var(--quiet); margin: 0.2rem var(--value, 0) 0 var(--label); font-variant-numeric: tabular-nums; }
.ruler span { position: absolute; translate: -50%; white-space: nowrap; }
.ruler span:first-child { translate: 0; }
.ruler span:last-child:not(:first-child) { translate: -100%; }
.timelines { --label: clamp(5.5rem, 18vw, 9rem); padding: 0.8rem 1rem; background: none; }
.timelines caption { font-size: 0.8rem; font-weight: 600; color: var(--quiet); padding-bottom: 0.35rem; }
.timelines .track { overflow: hidden; }
.timelines .legend { margin-top: 0.5rem; font-size: 0.76rem; }
.timelines .key { min-width: 0.8rem; width: 0.8rem; height: 0.8rem; padding: 0; border-radius: 3px; }
.span { position: absolute; inset-block: 0; }
.stage-write { background: light-dark(#b9bfca, #5a6170); }
.stage-inject { background: light-dark(#c2483f, #e07f76); }
.stage-boot { background: light-dark(#d98d3a, #d99a55); }
.stage-restore { background: light-dark(#8a63bd, #a98ad6); }
.stage-ready { background: light-dark(#e3c46a, #c7a74c); }
.stage-read { background: light-dark(#3f7fc4, #6ea8e6); }
.stage-judge { background: light-dark(#d5d9e0, #3f4550); }

details > summary { cursor: pointer; list-style: none; border-radius: 8px; }
details > summary::-webkit-details-marker { display: none; }
details > summary::before { content: '▸' / ''; color: var(--quiet); font-size: 0.8em; flex: none; width: 0.9em; transition: rotate 0.15s; }
details[open] > summary::before { rotate: 90deg; }
.filter { display: flex; gap: 0.5rem; align-items: center; font-size: 0.9rem; }
.filter input { width: 1.1rem; height: 1.1rem; accent-color: var(--link); }
body:has(#only-bad:checked) #evidence .fine { display: none; }
summary { display: flex; flex-wrap: wrap; gap: 0.15rem 0.7rem; align-items: baseline; padding: 0.35rem 0.5rem; }
summary:hover { background: var(--sunken); }
.about { color: var(--quiet); font-size: 0.88rem; }
.about code { font-size: 0.95em; }
.disruption { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.disruption > summary { padding: 0.8rem 1rem; border-radius: 12px; }
.disruption > summary .about { flex: 1 1 22rem; }
.tally { font-size: 0.82rem; color: var(--good); margin-left: auto; }
.tally.warn { color: var(--bad); font-weight: 600; }
.disruption > .body { padding: 0 1rem 1rem; }
.body { display: grid; gap: 0.9rem; grid-template-columns: minmax(0, 1fr); scroll-margin-top: 5.5rem; }
.disruption h4:not(summary h4) { font-size: 0.8rem; color: var(--quiet); margin-bottom: 0.3rem; }
.cell { border-top: 1px solid var(--line); }
.disruption .cell { margin: 0 -1rem -0.9rem; padding: 0 0.5rem; }
.disruption .cell + .cell { margin-top: 0; }
.disruption .cell:last-child { margin-bottom: -1rem; }
.cell > summary { padding: 0.55rem 0.5rem; }
.cell > summary .about { flex: 1 1 14rem; }
.cell > .body { padding: 0.4rem 0.5rem 1.2rem 2rem; }
.cell:has(> .body:target), .disruption:has(> .body:target) { box-shadow: inset 3px 0 0 var(--link); }
h3 + ul.lines { margin-top: 0.4rem; }
h3 + .list { margin-top: 0.6rem; }
.next code, .fix code { display: inline-block; max-width: 100%; }
.proof > summary { flex-wrap: nowrap; font-size: 0.85rem; color: var(--quiet); padding-left: 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); gap: 0.7rem 1rem; }
.facts dt, .counts dt { font-size: 0.76rem; color: var(--quiet); }
.facts dd { font-size: 0.92rem; overflow-wrap: anywhere; }
#about .facts { grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); }
.counts { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.counts > div { display: flex; flex-direction: column-reverse; justify-content: flex-end; background: var(--sunken); border-radius: 8px; padding: 0.35rem 0.7rem; min-width: 5rem; }
.counts dd { font-weight: 650; font-variant-numeric: tabular-nums; }
.counts .unmeasured dd, .counts .zero dd { font-weight: 400; color: var(--quiet); }
.counts .alarming { background: var(--bad-tint); }
.counts .alarming dd, .counts .alarming dt { color: var(--bad); }
.lines { display: grid; gap: 0.3rem; font-size: 0.88rem; }
.lines li { white-space: pre-wrap; overflow-wrap: anywhere; padding-left: 0.8rem; border-left: 2px solid var(--line); }
.list { border: 1px solid var(--line); border-radius: 12px; background: var(--card); overflow: clip; }
.list .cell { padding: 0 0.5rem; }
.list .cell:first-child { border-top: 0; }
.list .cell h3 { min-width: 2.2rem; }
.list .chip { min-width: 8rem; text-align: center; }
.plain th, .plain td { padding: 0.45rem 1rem; border-bottom: 1px solid var(--line); font-size: 0.86rem; vertical-align: top; }
.plain tbody tr:last-child > * { border-bottom: 0; }
.plain thead th { color: var(--quiet); font-weight: 500; }
.plain tbody th { font-weight: 500; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }

@media (max-width: 40rem) {
  .matrix:not(.dense) .about { display: none; }
  .matrix:not(.dense) td { min-width: 0; }
  .scroll:has(.narrow) { min-width: 0; width: auto; }
  .matrix .word, .matrix .note { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .matrix .tile { position: relative; font-size: 1.05rem; min-height: 2.4rem; padding: 0; }
  .matrix tbody th { padding: 0.3rem 0.5rem 0.3rem 0.8rem; font-size: 0.84rem; min-width: 6.5rem; overflow-wrap: anywhere; }
  .matrix thead th .name { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; margin: auto; }
  .matrix .tile:has(.surprise)::after { content: ''; position: absolute; top: 3px; right: 3px; border: 4px solid var(--tone); border-left-color: transparent; border-bottom-color: transparent; }
  .cell > .body { padding-left: 0.5rem; }
  .boxes { flex-direction: column; align-items: stretch; gap: 0; }
  .solid .box + .box { border-radius: 0; }
  .air .boxes { gap: 0.6rem; }
  .tally { margin-left: 1.6rem; flex-basis: 100%; }
  .list .chip { min-width: 0; }
  .ruler span:not(:first-child, :last-child) { display: none; }
  .legend li:has(.corner) { display: flex; }
}
@media print {
  :root { color-scheme: light; --paper: #ffffff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .filter, .skip { display: none; }
  .scroll:has(tbody) { max-height: none; overflow: visible; border: 0; }
  .scroll:has(tbody tr:nth-child(25)) { max-height: none; }
  .matrix thead th, .matrix tbody th, .matrix .corner { position: static; }
  .dense td, .dense thead th { padding: 1px; }
  .dense tbody th { min-width: 0; padding: 1px 4px; }
  .dense .tile { min-width: 0; min-height: 1.3rem; padding: 0; }
  .verdict, .card, .ground, tr, .disruption > summary { break-inside: avoid; }
  h2, h3, summary { break-after: avoid; }
  * { print-color-adjust: exact; }
}
@media (forced-colors: active) { .tile, .chip { border: 1px solid; } }
`;
