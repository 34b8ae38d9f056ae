// What the steps of lab 2 hand on to each other. Types only.

import type { PackagedApp } from '../../build/package-app.ts';
import type { GroupPlace } from '../service/resource-paths.ts';
import type { Lab2Board } from './lab2-board.ts';
import type { StoryService } from './lab2-service.ts';
import type { Story } from './steps.ts';

export interface Lab2Scene {
  readonly story: Story;
  readonly service: StoryService;
  readonly board: Lab2Board;
  readonly fieldTest: GroupPlace;
  /** For the story's catalog, unsigned. */
  readonly v1: PackagedApp;
  readonly v2: PackagedApp;
}
