import type { VNode } from 'preact';
import { Dialog } from '../parts/dialog.js';
import { EVERYWHERE, keyGroups } from '../parts/keys.js';

/** What can be done here without a mouse. */
export function Page({ onClose }: { onClose: () => void }): VNode {
  // Not as they were registered: which component comes first is a matter of chance.
  const names = [...new Set(keyGroups.value.map(({ name }) => name))].sort(
    (one, other) => Number(one === EVERYWHERE) - Number(other === EVERYWHERE) || one.localeCompare(other),
  );
  const of = (name: string) =>
    keyGroups.value
      .filter((group) => group.name === name)
      .flatMap(({ bindings }) => bindings)
      .sort((one, other) => one.keys.localeCompare(other.keys));
  return (
    <Dialog title="Keyboard" class="key-help" onClose={onClose}>
      {names.map((name) => (
        <section key={name}>
          <h3>{name}</h3>
          <dl>
            {of(name)
              .filter(({ does }) => does !== undefined)
              .map(({ keys, does }) => (
                <div key={keys}>
                  <dt>
                    {keys.split(' ').map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
          </dl>
        </section>
      ))}
      <p class="soft">Keys don’t count while you type in a field.</p>
    </Dialog>
  );
}
