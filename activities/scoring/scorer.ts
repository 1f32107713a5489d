/**
 * What steps use to get scores from a model. The local one runs ONNX Runtime in threads; a model server fits behind the same
 * interface. Worker side.
 */
export interface ScoringModel {
  readonly digest: string;
  /** Features that it takes; null: it does not say. */
  readonly width: number | null;
}
export interface Scorer {
  /**
   * `load` gives the bytes of model.onnx, once a digest. Throws HDL-ONNX-INVALID, HDL-ONNX-OPERATOR, HDL-MODEL-INPUT.
   */
  open(digest: string, load: () => Promise<Uint8Array>): Promise<ScoringModel>;
  /** x: rows x features -> a score a row. Throws HDL-MODEL-INPUT, HDL-SCORE-MEMORY, and what `breathe` throws. */
  score(model: ScoringModel, x: Float32Array, features: number, breathe?: () => Promise<void>): Promise<Float32Array>;
  close(): Promise<void>;
}
