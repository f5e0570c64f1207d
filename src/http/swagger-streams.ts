/** What Swagger UI hands to its plug-ins, as far as it is used here. */
interface SwaggerSystem {
  React: { createElement(type: unknown, props: object | null, ...children: unknown[]): unknown };
}

interface PathState {
  getIn(path: readonly string[]): { has(name: string): boolean } | undefined;
}

interface ParametersProps {
  allowTryItOut: boolean;
}

/**
 * Swagger UI waits for the end of an answer before it shows any of it. A stream has none, so it offers no Execute for
 * one, and says what to do instead.
 *
 * Swagger UI's own page gets this function as text: it can use nothing from outside, and no names of its own, since
 * bundlers wrap these.
 */
export const streamsAreNotTriedOut = () => ({
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor: () => (state: PathState, path: string, method: string) =>
          !state
            .getIn(['json', 'paths', path, method, 'responses', '200', 'content'])
            ?.has('text/event-stream'),
      },
    },
  },
  wrapComponents: {
    parameters:
      (Original: unknown, { React }: SwaggerSystem) =>
      (props: ParametersProps) =>
        props.allowTryItOut
          ? React.createElement(Original, props)
          : React.createElement(
              'div',
              null,
              React.createElement(
                'div',
                { className: 'opblock-description-wrapper' },
                React.createElement(
                  'p',
                  null,
                  'This page can not show a stream, which has no end. Watch it with curl -N.',
                ),
              ),
              React.createElement(Original, props),
            ),
  },
});
