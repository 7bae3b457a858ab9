/** Steps that can be taken back and done again. */

export interface History<State> {
  readonly past: readonly State[];
  readonly present: State;
  readonly future: readonly State[];
}

export const begun = <State>(present: State): History<State> => ({ past: [], present, future: [] });

/** A new step; what had been taken back is gone. At most `most` steps are kept. */
export function stepped<State>(history: History<State>, next: State, most = 50): History<State> {
  return { past: [...history.past, history.present].slice(-most), present: next, future: [] };
}

export function undone<State>(history: History<State>): History<State> {
  const last = history.past[history.past.length - 1];
  if (last === undefined) return history;
  return { past: history.past.slice(0, -1), present: last, future: [history.present, ...history.future] };
}

export function redone<State>(history: History<State>): History<State> {
  const [next, ...rest] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future: rest };
}
