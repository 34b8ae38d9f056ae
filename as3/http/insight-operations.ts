// Catalogs_ListDeviceInsights: what devices reported. Never decides anything: the domain does.

import { armInsight } from './arm-update-resources.ts';
import { listAnswer, operation } from './operation.ts';
import { CATALOG } from './paths.ts';

export const INSIGHT_OPERATIONS = [
  operation({
    id: 'Catalogs_ListDeviceInsights',
    methods: ['POST', 'GET'],
    path: `${CATALOG}/listDeviceInsights`,
    handle: async (call) => {
      const { catalog } = call.place;
      return listAnswer(call, (page) => call.updates.stores.insights.listInsights(catalog, page), armInsight);
    },
  }),
];
