// A component that is drawn again only when its properties are others.
import { Component, h, type FunctionComponent } from "preact";

export function memo<P extends object>(draw: FunctionComponent<P>): FunctionComponent<P> {
  class Kept extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const before = this.props as any, names = new Set([...Object.keys(before), ...Object.keys(next)]);
      for (const name of names) if (before[name] !== (next as any)[name]) return true;
      return false;
    }
    override render() {
      return h(draw as any, this.props as any);
    }
  }
  return Kept as any;
}
