// The few icons of the page, drawn with one stroke.
const PATHS = {
  session: "M4 5h16v11H10l-4 4v-4H4z",
  files: "M3 6h6l2 2h10v11H3z",
  terminal: "M4 5h16v14H4zM7 9l3 3-3 3M12 15h5",
  changes: "M7 4v11a4 4 0 0 0 4 4h5M7 4a2 2 0 1 0 0-.1M17 19a2 2 0 1 0 0-.1M14 7h6M17 4v6",
  usage: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
  admin: "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z",
  view: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  send: "M5 12h13M13 6l6 6-6 6",
  stop: "M6 6h12v12H6z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  branch: "M7 4v16M17 9a2 2 0 1 0 0-.1M17 11c0 5-10 2-10 7",
  close: "M6 6l12 12M18 6L6 18",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  outline: "M4 6h16M8 12h12M8 18h12M4 12v6",
  problems: "M12 4l9 16H3zM12 10v4M12 17h.01",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M16 16l4 4",
  chevron: "M9 6l6 6-6 6",
  upload: "M12 16V5M7 10l5-5 5 5M4 20h16",
  download: "M12 4v11M7 10l5 5 5-5M4 20h16",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  save: "M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6",
  back: "M9 7l-5 5 5 5M4 12h10a6 6 0 0 1 6 6",
  replace: "M4 8h13M14 5l3 3-3 3M20 16H7M10 13l-3 3 3 3",
  check: "M5 13l4 4L19 7",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l11 7-11 7z",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  refresh: "M19 8a8 8 0 1 0 1 6M20 4v5h-5",
  moon: "M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10",
  out: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
};
export type IconName = keyof typeof PATHS;
export const Icon = ({ name, size = 16 }: { name: IconName; size?: number }) => (
  <svg class={`icon icon-${name}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true"><path d={PATHS[name]} /></svg>
);
