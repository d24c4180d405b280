// What it cost: by model, day, month and task, with budgets, and as a table for a spreadsheet.
import { useEffect, useRef, useState } from "preact/hooks";
import { address, rest } from "./host";
import { Icon } from "./icons";
import { css, isDark } from "./looks";

type Row = { key: string; model: string; calls: number; inputTokens: number; outputTokens: number; cachedTokens: number; cacheHitRate: number | null; cost: number | null };
const BY = ["day", "model", "month", "task"] as const;
const DAY_S = 86_400, SHOWN_DAYS = 13; // a chart of one day alone would have years beside it
const money = (value: number | null | undefined) => (value == null ? "–" : `$${value.toFixed(value && value < 1 ? 4 : 2)}`);
const many = (value: number) => value.toLocaleString();
const bytes = (value: number) => (value > 1e9 ? `${(value / 1e9).toFixed(1)} GB` : value > 1e6 ? `${(value / 1e6).toFixed(1)} MB` : `${Math.round(value / 1e3)} kB`);

export function UsageScreen() {
  const [by, setBy] = useState<(typeof BY)[number]>("day"), [report, setReport] = useState<any>(null), [wrong, setWrong] = useState("");
  useEffect(() => void rest("GET", "api/v1/usage", undefined, { by }).then((one) => (setReport(one), setWrong("")), (error) => setWrong(error.message)), [by]);
  return (
    <div class="page">
      <header><h1>Usage</h1><span class="gap" />
        <div role="group" aria-label="By" class="choice">{BY.map((one) => <button key={one} aria-pressed={by === one} onClick={() => setBy(one)}>{one}</button>)}</div>
        <a class="button" href={address("api/v1/usage.csv", { by }).href} download="usage.csv"><Icon name="download" size={14} /> CSV</a></header>
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      {report && (
        <>
          <dl class="figures">
            <div><dt>{by === "task" || by === "month" ? "All that is kept" : "This month"}</dt><dd>{money(report.totalCost)}</dd></div>
            <div><dt>Calls</dt><dd>{many(report.calls)}</dd></div>
            <div><dt>Tokens in</dt><dd>{many(report.inputTokens)}</dd></div>
            <div><dt>Tokens out</dt><dd>{many(report.outputTokens)}</dd></div>
            <div><dt>From the cache</dt><dd>{report.cacheHitRate == null ? "–" : `${Math.round(report.cacheHitRate * 100)} %`}</dd></div>
            {report.storage.bytes != null && <div><dt>Storage</dt><dd>{bytes(report.storage.bytes)}{report.storage.limit ? <small> of {bytes(report.storage.limit)}</small> : null}</dd></div>}
          </dl>
          {report.unpricedCalls > 0 && <p class="quiet">{report.unpricedCalls} calls went to models whose price is not known; they are in the tokens and not in the cost.</p>}
          <Budgets budgets={report.budgets} />
          {by === "day" && report.rows.length > 0 && <Chart rows={report.rows} />}
          <Table rows={report.rows} by={by} />
        </>
      )}
    </div>
  );
}

function Budgets({ budgets }: { budgets: Record<string, { limit: number | null; used: number; held: number }> }) {
  const all = Object.entries(budgets).filter(([, one]) => one.limit !== null);
  if (!all.length) return null;
  return <section class="budgets" aria-label="Budgets">{all.map(([name, one]) => (
    <div key={name}><span>{name}</span><meter min={0} max={one.limit!} high={one.limit! * 0.8} value={Math.min(one.limit!, one.used + one.held)} aria-label={`Budget of the ${name}`} /><small>{money(one.used)} of {money(one.limit)}</small></div>
  ))}</section>;
}

function Chart({ rows }: { rows: Row[] }) {
  const box = useRef<HTMLDivElement>(null), dark = isDark.value;
  useEffect(() => {
    let chart: any, watch: ResizeObserver | undefined, gone = false;
    const days = new Map<string, { cost: number; tokens: number }>();
    for (const one of rows) {
      const day = days.get(one.key) ?? { cost: 0, tokens: 0 };
      days.set(one.key, { cost: day.cost + (one.cost ?? 0), tokens: day.tokens + one.inputTokens + one.outputTokens });
    }
    const keys = [...days.keys()].sort(), costs = [...days.values()].some((one) => one.cost > 0), last = Date.parse(keys.at(-1)!) / 1000, shown: number[] = [];
    for (let at = Math.min(Date.parse(keys[0]!) / 1000, last - SHOWN_DAYS * DAY_S); at <= last; at += DAY_S) shown.push(at);
    const heights = shown.map((at) => days.get(new Date(at * 1000).toISOString().slice(0, 10))?.[costs ? "cost" : "tokens"] ?? null);
    void import("uplot").then(({ default: Plot }) => {
      if (gone || !box.current) return;
      const axis = { stroke: css("muted"), grid: { stroke: css("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
      chart = new Plot({
        width: box.current.clientWidth, height: 180, tzDate: (at: number) => Plot.tzDate(new Date(at * 1000), "Etc/UTC"), legend: { show: false }, cursor: { show: false }, scales: { x: { time: true, range: (_: any, low: number, high: number) => [low - DAY_S / 2, high + DAY_S / 2] }, y: { range: (_: any, low: number, high: number) => [Math.min(0, low), high || 1] } },
        axes: [{ ...axis, grid: { show: false } }, { ...axis, size: 64, values: (_: any, all: number[]) => all.map((one) => (costs ? `$${one}` : one >= 1000 ? `${one / 1000}k` : one)) }],
        series: [{}, { label: costs ? "cost" : "tokens", stroke: css("accent"), fill: css("accent-soft"), width: 1.5, points: { show: false }, paths: Plot.paths.bars!({ size: [0.6, 40] }) }],
      } as any, [shown, heights], box.current);
      watch = new ResizeObserver(() => box.current && chart.setSize({ width: box.current.clientWidth, height: 180 }));
      watch.observe(box.current);
    });
    return () => ((gone = true), watch?.disconnect(), chart?.destroy());
  }, [rows, dark]);
  return <div class="chart" ref={box} role="img" aria-label="Cost by day, or tokens where nothing cost anything; the table below has the figures" />;
}

export function Table({ rows, by }: { rows: Row[]; by: string }) {
  if (!rows.length) return <div class="empty"><p>No model was asked yet. <a href="#/session/new">Begin a task</a>, and what it costs is shown here.</p></div>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Usage">
      <table class={by === "model" ? "" : "models"}>
        <thead><tr><th scope="col">{by}</th>{by !== "model" && <th scope="col">model</th>}<th scope="col">calls</th><th scope="col">in</th><th scope="col">out</th><th scope="col">cached</th><th scope="col">cost</th></tr></thead>
        <tbody>{rows.map((one, index) => (
          <tr key={index}><th scope="row">{by === "task" ? <a href={`#/session/${one.key}`}>{one.key}</a> : one.key}</th>{by !== "model" && <td>{one.model}</td>}<td>{many(one.calls)}</td><td>{many(one.inputTokens)}</td><td>{many(one.outputTokens)}</td><td>{one.cacheHitRate == null ? "–" : `${Math.round(one.cacheHitRate * 100)} %`}</td><td>{money(one.cost)}</td></tr>
        ))}</tbody>
      </table>
    </div>
  );
}
