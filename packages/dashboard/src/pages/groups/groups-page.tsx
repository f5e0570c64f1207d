import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { Failure } from '../../parts/failure.js';
import { counted } from '../../parts/format.js';
import { Needs } from '../../parts/needs.js';
import type { GroupFacts } from '../../sentences/group-facts.js';
import { stateOf, worstFirst } from '../../sentences/group-state.js';
import { note, place } from '../../service/router.js';
import { usePolled } from '../../store/polled.js';
import { GroupLines } from './group-lines.js';
import { GroupsSource } from './groups-source.js';
import { GroupPage } from './group-page.js';
import { PlotPanel } from './plot-panel.js';

export const REFRESH_MS = 5000;

/** How all groups stand, or one of them. */
export function Page({ group }: { group: string | undefined }): VNode {
  return (
    <Needs scope="consumers:admin" title="Groups">
      {group === undefined ? <GroupsPage /> : <GroupPage key={group} name={group} />}
    </Needs>
  );
}

function GroupsPage(): VNode {
  const source = useMemo(() => new GroupsSource(), []);
  const polled = usePolled((signal) => source.load(signal), REFRESH_MS);
  const answer = polled.answer.value;
  const views = (answer?.data ?? []).map((view) => ({ ...view, at: answer?.at ?? 0 })).sort(worstFirst);
  const asked = place.value.query.get('plot');
  const plotted = views.find(({ group }) => group.group === asked) ?? views[0];
  return (
    <section class="groups">
      <h1>
        Groups <Summary groups={views} />
      </h1>
      <Failure error={polled.error.value} what={answer ? 'Not up to date' : 'Groups'} />
      {answer && views.length === 0 && <NoGroups />}
      {views.length > 0 && <GroupLines groups={views} />}
      {plotted?.overview && (
        <PlotPanel
          overview={plotted.overview}
          names={views.filter(({ overview }) => overview).map(({ group }) => group.group)}
          onName={(name) => note({ plot: name })}
        />
      )}
    </section>
  );
}

/** What a person should look at. */
function Summary({ groups }: { groups: readonly GroupFacts[] }): VNode {
  const states = groups.map(stateOf);
  const of = (state: string): number => states.filter((one) => one === state).length;
  const parts = (['stuck', 'behind', 'paused'] as const).filter((state) => of(state) > 0);
  if (groups.length === 0) return <></>;
  return (
    <small class="soft">
      {counted(groups.length, 'group')}
      {parts.map((state) => ` · ${of(state)} ${state}`)}
    </small>
  );
}

function NoGroups(): VNode {
  return (
    <div class="empty">
      <p>No group handles events here yet. A class with @EventHandler makes one:</p>
      <pre
        tabIndex={0}
        aria-label="A handler"
      >{`@EventHandler({ group: 'billing', types: ['lifecycle.completed'] })
class BillRun {
  async handle(event) { … }
}`}</pre>
    </div>
  );
}
