// What Grafana makes of answers: each query on stdin ({data, columns?, transformations?}) becomes its frames on stdout.
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

process.env.TZ = 'UTC';
// As an ES module the package imports what Node cannot give it.
const grafana = createRequire(import.meta.url)('@grafana/data');
// Where it asks whether it is in a scene; were it there sooner, it would be taken for a browser's.
globalThis.window = {};

const { standardTransformers, standardTransformersRegistry, toDataFrame, transformDataFrame } = grafana;
const byId = new Map(Object.values(standardTransformers).map((each) => [each.id, each])); // one has two names
standardTransformersRegistry.setInit(() =>
  [...byId].map(([id, transformation]) => ({ id, transformation: async () => transformation, name: '' })),
);

/** A table with these columns as the Infinity data source asks for them, and what then makes times of texts. */
function tabled(rows, columns) {
  const name = (column) => column.text || column.selector;
  const fields = columns.map((column) => ({
    name: name(column),
    type: ['string', 'timestamp'].includes(column.type) ? 'string' : 'number',
    values: rows.map((row) => row[column.selector] ?? null),
  }));
  const times = columns.filter((column) => column.type.startsWith('timestamp'));
  const conversions = times.map((column) => ({ targetField: name(column), destinationType: 'time' }));
  return { frames: [toDataFrame({ fields })], first: [{ id: 'convertFieldType', options: { conversions } }] };
}

async function shown({ data, columns, transformations = [] }) {
  const { frames, first } = columns ? tabled(data, columns) : { frames: data.map(toDataFrame), first: [] };
  const done = await new Promise((resolve, reject) =>
    transformDataFrame([...first, ...transformations], frames).subscribe({ next: resolve, error: reject }),
  );
  return done.map((frame) => ({
    name: frame.name ?? null,
    refId: frame.refId ?? null,
    length: frame.length,
    fields: frame.fields.map(({ name, type, values }) => ({ name, type, values: Array.from(values) })),
  }));
}

console.log(JSON.stringify(await Promise.all(JSON.parse(await text(process.stdin)).map(shown))));
