/**
 * The name of the user metadata that tells which write of the media library has made an original. Originals that have it
 * may be deleted by other instances, with all of their variants.
 */
export const PUT_ID = "put-id";
