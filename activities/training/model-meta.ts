/** meta.json beside a model's weights: what a scorer must know, and where the model came from. Worker side. */
import type { RangeProfile } from './range-profile.ts';

export interface ModelMeta {
  readonly format: 1;
  /** In the order of the model's input. */
  readonly features: readonly string[];
  readonly profile: RangeProfile;
  /** Feature -> what stands for a null when rows are scored; without one a null sends its row to quarantine. */
  readonly impute?: Readonly<Record<string, number>>;
  /** Share of late flights in the training rows. */
  readonly baseRate: number;
  readonly hidden: number;
  readonly rate: number;
  readonly seed: number;
  readonly epoch: number;
  readonly validationAuc: number;
  /** Of the training set, and of the slice of features that it was built from. */
  readonly data: { readonly digest: string; readonly features: string; readonly rows: number };
  readonly environment: { readonly node: string; readonly arch: string };
}
export const parseMeta = (bytes: Uint8Array): ModelMeta => {
  const meta = JSON.parse(new TextDecoder().decode(bytes)) as Partial<ModelMeta>;
  if (meta.format !== 1 || !meta.features || !meta.profile) throw new Error('meta.json beside the model was not written by flights.train_one');
  return meta as ModelMeta; // format 1 has all fields
};
