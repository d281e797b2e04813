/** Formats that are read by unpickling, which runs what they say: https://docs.python.org/3/library/pickle.html */
export const PICKLE = /\.(bin|pt|pth|ckpt|pkl|pickle|joblib)$/i;
