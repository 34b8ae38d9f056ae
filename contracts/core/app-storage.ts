// The bounds of an app's mutable storage, for whoever keeps it and whoever seals it. Never how it is laid out.

/** The most that a manifest can ask for: Azure Sphere's published maximum of 64 KiB (learn.microsoft.com/azure-sphere/app-development/storage). */
export const STORAGE_LIMIT_MAX_BYTES = 64 * 1024;
/** Files and folders of one storage. */
export const STORAGE_NODES_MAX = 64;
/** Of one path, UTF-8. */
export const STORAGE_NODE_PATH_MAX_BYTES = 128;
/** Folders in folders. */
export const STORAGE_DEPTH_MAX = 8;
/** A whole storage as bytes: the fullest content with the longest names, and room for the layout around them. */
export const STORAGE_VOLUME_MAX_BYTES =
  STORAGE_LIMIT_MAX_BYTES + STORAGE_NODES_MAX * (STORAGE_NODE_PATH_MAX_BYTES + 6) + 4;
