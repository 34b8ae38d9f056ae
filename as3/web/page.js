// The service's page in the browser: tables of the fleet and its events as they come. Never makes markup of what it is told: names
// come from devices and operators, and are set as text.

/** @typedef {import('../../contracts/wire/service-page.ts').FleetOverview} FleetOverview */
/** @typedef {import('../../contracts/wire/service-page.ts').PageEvent} PageEvent */
/** @typedef {{ readonly text: string, readonly title?: string, readonly isId?: boolean }} Cell */

const EVENTS_SHOWN = 100;
/** Many events at once are one look at the service. */
const REFRESH_AFTER_MS = 300;

/** @param {string} id */
function place(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}

/** @param {string} text */
const state = (text) => {
  place('state').textContent = text;
};

/** @param {string} text @returns {Cell} */
const plain = (text) => ({ text });
/** Long ids show their beginning, and all of themselves as a title. @param {string} text @returns {Cell} */
const short = (text) => ({ text: text.length > 13 ? `${text.slice(0, 12)}…` : text, title: text, isId: true });
/** @param {string} iso */
const when = (iso) => plain(new Date(iso).toLocaleString());

/**
 * @param {string} id
 * @param {readonly string[]} columns
 * @param {readonly (readonly Cell[])[]} rows
 * @param {boolean} isCut
 */
function show(id, columns, rows, isCut) {
  const table = document.createElement('table');
  const caption = table.createCaption();
  caption.textContent =
    rows.length === 0 ? 'None yet.' : isCut ? `The first ${rows.length}.` : `${rows.length} in all.`;
  const head = table.createTHead().insertRow();
  for (const column of columns) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = column;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const { text, title, isId } of row) {
      const cell = line.insertCell();
      cell.textContent = text;
      if (title !== undefined) cell.title = title;
      if (isId) cell.className = 'id';
    }
  }
  place(id).replaceChildren(table);
}

/** @param {FleetOverview} overview */
function showAll({ catalogs, deviceGroups, devices, images }) {
  const names = new Map(catalogs.items.map(({ id, name }) => [id, name]));
  /** @param {string} id */
  const catalog = (id) => plain(names.get(id) ?? id);
  show(
    'devices',
    ['Device', 'Catalog', 'Group', 'State', 'Last update'],
    devices.items.map((device) => [
      short(device.id),
      catalog(device.catalogId),
      plain(device.product === null ? 'none' : `${device.product} / ${device.deviceGroup ?? ''}`),
      plain(stateOf(device.certificateExpiresAt)),
      plain(
        device.lastUpdate === null
          ? 'none'
          : `${device.lastUpdate.title}, ${new Date(device.lastUpdate.at).toLocaleString()}`,
      ),
    ]),
    devices.isCut,
  );
  show(
    'groups',
    ['Catalog', 'Product', 'Group', 'Devices', 'Updates', 'Deployment'],
    deviceGroups.items.map((group) => [
      catalog(group.catalogId),
      plain(group.product),
      plain(group.name),
      plain(String(group.devices)),
      plain(`${group.updatePolicy}, ${group.osFeedType}`),
      plain(deploymentText(group.deployment)),
    ]),
    deviceGroups.isCut,
  );
  show(
    'images',
    ['Image', 'Name', 'Version', 'Rollback index', 'Bytes', 'Catalog', 'Added'],
    images.items.map((image) => [
      short(image.id),
      plain(image.name),
      plain(image.version),
      plain(String(image.rollbackIndex)),
      plain(String(image.sizeBytes)),
      catalog(image.catalogId),
      when(image.addedAt),
    ]),
    images.isCut,
  );
  show(
    'catalogs',
    ['Catalog', 'Resource group', 'Id'],
    catalogs.items.map(({ name, resourceGroup, id }) => [plain(name), plain(resourceGroup), short(id)]),
    catalogs.isCut,
  );
}

/** @param {string | null} expiresAt */
function stateOf(expiresAt) {
  if (expiresAt === null) return 'claimed, has not attested';
  const time = new Date(expiresAt).toLocaleString();
  return Date.parse(expiresAt) > Date.now() ? `attested, certificate until ${time}` : `certificate ended ${time}`;
}

/** @param {FleetOverview['deviceGroups']['items'][number]['deployment']} deployment */
function deploymentText(deployment) {
  if (deployment === null) return 'none';
  const images = deployment.images.length === 0 ? 'no app' : deployment.images.join(', ');
  return `${images}, since ${new Date(deployment.createdAt).toLocaleString()}`;
}

async function refresh() {
  const answer = await fetch('/overview.json');
  if (!answer.ok) throw new Error(`the service answers ${answer.status}`);
  showAll(/** @type {FleetOverview} */ (await answer.json()));
  state('Connected.');
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;
function refreshSoon() {
  waiting ??= setTimeout(() => {
    waiting = undefined;
    refresh().catch((/** @type {unknown} */ error) => state(String(error)));
  }, REFRESH_AFTER_MS);
}

/** @param {PageEvent} event */
function showEvent({ at, kind, deviceId, code, text }) {
  const line = document.createElement('li');
  const device = deviceId === null ? '' : ` ${deviceId.slice(0, 12)}…`;
  line.textContent = `${new Date(at).toLocaleTimeString()} ${kind}${device}${code === null ? '' : ` ${code}`}: ${text}`;
  if (code !== null) line.className = 'refused';
  const list = place('events');
  list.prepend(line);
  while (list.childElementCount > EVENTS_SHOWN) list.lastElementChild?.remove();
}

const events = new EventSource('/events');
events.addEventListener('open', () => {
  // The service tells its newest events again with each connection.
  place('events').replaceChildren();
  refreshSoon();
});
events.addEventListener('message', ({ data }) => {
  showEvent(/** @type {PageEvent} */ (JSON.parse(/** @type {string} */ (data))));
  refreshSoon();
});
events.addEventListener('error', () => state('The service does not answer; trying again.'));
