/** What the stand-in for the interpreter registers: in the sandbox, too, so its digest is written down. */
export const WEIGHTS = 'weights';
export const WEIGHTS_DIGEST = 'sha256:9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c';
