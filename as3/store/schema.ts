// The tables as Kysely sees them. Types only: what makes them is migrations.ts, and the two change together.

import type { Generated } from 'kysely';
import type { ReportCategory } from '../../contracts/wire/failure-report.ts';
import type { ImageRecord } from '../domain/image-store.ts';
import type { Catalog, DeviceGroupValues } from '../domain/resources.ts';
import type { AttestationTables } from './attestation-schema.ts';

interface StampColumns {
  created_by: string;
  created_at: string;
  modified_by: string;
  modified_at: string;
}

/** `*_key` columns hold names in the one spelling that they are compared by. */
export interface CatalogRow extends StampColumns {
  id: string;
  subscription: string;
  subscription_key: string;
  resource_group: string;
  resource_group_key: string;
  name: string;
  name_key: string;
  /** JSON object of texts. */
  tags: string;
  publisher_signature: Generated<Catalog['publisherSignature']>;
  certificate_subject: Generated<Catalog['certificateSubject']>;
}

export interface ProductRow extends StampColumns {
  catalog_id: string;
  name: string;
  name_key: string;
  description: string;
}

export interface DeviceGroupRow extends StampColumns {
  catalog_id: string;
  product_key: string;
  name: string;
  name_key: string;
  description: string;
  os_feed_type: DeviceGroupValues['osFeedType'];
  update_policy: DeviceGroupValues['updatePolicy'];
  allow_crash_dumps_collection: DeviceGroupValues['allowCrashDumpsCollection'];
  regional_data_boundary: DeviceGroupValues['regionalDataBoundary'];
}

export interface DeviceRow {
  /** 128 lower-case hex digits. */
  id: string;
  catalog_id: string;
  /** Both or neither. */
  product_key: string | null;
  device_group_key: string | null;
}

/** Keys, key ids and digests are lower-case hex. */
export interface PublisherKeyRow extends StampColumns {
  catalog_id: string;
  name: string;
  public_key: string;
  key_id: string;
}

export interface ImageRow {
  catalog_id: string;
  image_id: string;
  component_id: string;
  name: string;
  version: string;
  rollback_index: number;
  size_bytes: number;
  package_digest: string;
  signed_digest: string;
  publisher_key_id: string | null;
  regional_data_boundary: ImageRecord['regionalDataBoundary'];
  /** `null` once it is deleted. */
  package: Uint8Array | null;
  added_by: string;
  added_at: string;
  deleted_by: string | null;
  deleted_at: string | null;
}

export interface DeploymentRow {
  id: string;
  catalog_id: string;
  product_key: string;
  device_group_key: string;
  name: string;
  name_key: string;
  created_by: string;
  created_at: string;
}
export interface DeploymentImageRow {
  deployment_id: string;
  position: number;
  image_id: string;
}
export interface CurrentDeploymentRow {
  catalog_id: string;
  product_key: string;
  device_group_key: string;
  deployment_id: string;
}

export interface DirectorIssueRow {
  device_id: string;
  version: number;
  content_digest: string;
  expires_ms: number;
  timestamp_text: string;
  snapshot_text: string;
  targets_text: string;
}
/** The last package that a device fetched. */
export interface DeliveryRow {
  device_id: string;
  image_id: string;
  title: string;
  delivered_at: string;
}

export interface InsightRow {
  device_id: string;
  /** Hex. */
  event_id: string;
  catalog_id: string;
  category: ReportCategory;
  component_id: string;
  image_id: string;
  detail: string;
  event_count: number;
  start_seconds: number;
  end_seconds: number;
  received_at: string;
}

export interface Tables extends AttestationTables {
  publisher_keys: PublisherKeyRow;
  images: ImageRow;
  deployments: DeploymentRow;
  deployment_images: DeploymentImageRow;
  current_deployments: CurrentDeploymentRow;
  director_issues: DirectorIssueRow;
  deliveries: DeliveryRow;
  insights: InsightRow;
  catalogs: CatalogRow;
  products: ProductRow;
  device_groups: DeviceGroupRow;
  devices: DeviceRow;
}
