// What the scripts of AWS's SDK share: calls that count their actions, and say
// what is at fault.  `clients` has pairs of an SDK's module and its client.
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const isDate = (d) => d instanceof Date && Math.abs(d - Date.now()) < 3600e3;

export function caller(clients) {
  const called = new Set();
  const of = (action) => clients.find(([sdk]) => sdk[action + "Command"]);
  let faults = 0;

  function fault(action, why) {
    faults++;
    console.log(`not ok ${action}: ${why}`);
  }

  function send(action, input) {
    const [sdk, client] = of(action);
    return client.send(new sdk[action + "Command"](input));
  }

  /** Calls it; `holds` says which of the answer's facts are wrong by being false. */
  async function call(action, input, holds = () => ({})) {
    called.add(action);
    try {
      const answer = await send(action, input);
      for (const [what, ok] of Object.entries(holds(answer))) {
        if (!ok) fault(action, `${what} in ${JSON.stringify(answer)}`);
      }
      return answer;
    } catch (e) {
      fault(action, `${e.name}: ${e.message}`);
      return {};
    }
  }

  /** Of an error's class where the SDK has one, of its name anyway. */
  async function refused(action, input, error) {
    try {
      await send(action, input);
      fault(action, `not refused: ${JSON.stringify(input)}`);
    } catch (e) {
      const [sdk] = of(action);
      if (e.name !== error || (sdk[error] && !(e instanceof sdk[error]))) fault(action, `${e.name} for ${error}: ${e.message}`);
    }
  }

  return { called, fault, send, call, refused, faults: () => faults };
}
