// Rewrites the URLs that pages use most to the names of the stored variants, before CloudFront asks its origins.
//
// A stored name is its own canonical text, so nothing is parsed here: one expression recognises texts that are
// canonical already, and a table has those of presets. Every other URL stays as it is, for the service to answer.
//
// CloudFront runs this as cloudfront-js-2.0: ECMAScript 5.1 with const, let, arrow functions and templates.
// `shift-media cloudfront-function` prints it with its configuration, the names in capitals, before it.

/* global BASE_PATH, PREFIX, ROOT, KEYS, AUTO_FORMATS, FORMATS, EXTENSIONS, OTHER_FORMAT, OTHER_FALLBACK, OPTION */
/* global IS_OPEN, TAKES_FORMAT, WIDTHS, PRESETS */

/** Size, mode, gravity, quality and version, in canonical order; the format is taken out before. */
const SPEC =
  /^(?:w_([1-9]\d{0,3}))?(?:(?:^|,)h_([1-9]\d{0,3}))?(?:,c_(fill|limit|fit|lpad|pad|scale))?(?:,g_(north_west|north|north_east|west|east|south_west|south|south_east|auto|entropy))?(?:(?:^|,)q_([1-9]\d?|100|auto:(?:best|eco|low)))?(?:(?:^|,)v_[A-Za-z\d-]{1,64})?$/;
const MAX_SIDE = 8192;

function handler(event) {
  const request = event.request;
  const accepted = AUTO_FORMATS.filter(readAccept(request.headers.accept));
  // few values, because the header is part of the cache key
  request.headers.accept = { value: accepted.map((name) => `image/${name}`).join() || "*/*" };
  if (request.uri.indexOf(`${BASE_PATH}/`) !== 0) return request;
  const path = request.uri.slice(BASE_PATH.length);
  request.uri = path; // the bucket has no base path; the origin of the service adds it again
  const isRead = /^(?:GET|HEAD)$/.test(request.method) && !request.querystring.explain;
  const stored = isRead && findStored(path, accepted);
  if (!stored) return request;
  request.uri = stored;
  request.headers.accept = { value: "*/*" };
  return request;
}

/** Only types that are named count, and only with a quality above zero. */
function readAccept(header) {
  const types = (header ? header.value : "")
    .toLowerCase()
    .split(",")
    .map((range) => {
      const parts = range.split(";").map((part) => part.trim());
      const quality = parts.slice(1).filter((part) => part.indexOf("q=") === 0)[0] || "q=1";
      return +quality.slice(2) > 0 ? parts[0] : "";
    });
  return (format) => types.indexOf(`image/${format}`) >= 0;
}

/** Gives the path of the stored variant, or undefined for a URL to leave alone. */
function findStored(uri, accepted) {
  if (BASE_PATH.length + uri.length > 2048 || !/^\/[!-~]+$/.test(uri)) return undefined;
  const path = decode(uri.slice(1));
  const cut = path.indexOf("/");
  const key = cut > 0 ? readKey(path.slice(cut + 1)) : undefined;
  const name = key && findName(path.slice(0, cut), key, accepted);
  if (!name || countBytes(`${PREFIX}${key}/${name}`) > 1024) return undefined;
  const stored = `${encode(`${PREFIX}${key}/`)}${name}`;
  return stored.length > 1984 ? undefined : `/${stored}`;
}

/** Gives the key after a transform, or undefined for one that needs a closer look. */
function readKey(path) {
  const isFenced = path.indexOf("_/") === 0;
  const key = isFenced ? path.slice(2) : path;
  const folder = key.indexOf("/") > 0 ? key.split("/")[0] : "";
  if (!isFenced && OPTION.test(folder)) return undefined; // perhaps a second transform
  if (/^$|^\/|\/$|(?:^|\/)\.\.?(?:\/|$)|[\x00-\x1f\x7f-\x9f]/.test(key)) return undefined;
  return `${key}/`.indexOf(ROOT) === 0 || key.indexOf(KEYS) !== 0 ? undefined : key;
}

function findName(text, key, accepted) {
  const pieces = text.split(",");
  const formats = pieces.filter((piece) => piece.indexOf("f_") === 0);
  if (pieces.indexOf("") >= 0 || formats.length > (TAKES_FORMAT ? 1 : 0)) return undefined;
  const rest = pieces.filter((piece) => piece.indexOf("f_") !== 0).join();
  const typed = (formats[0] || "").slice(2);
  const spec = has(PRESETS, rest) ? PRESETS[rest] : readSpec(rest, typed);
  const format = spec && chooseFormat(typed || spec.format, key, accepted.filter(print(spec)));
  const name = format && print(spec)(format);
  return name && `${name}.${format}`;
}

/** Gives a spec like those of presets, or undefined for a text to leave alone. */
function readSpec(text, typed) {
  const match = SPEC.exec(text);
  if (!match || !isAllowed(match, typed)) return undefined;
  const sides = [match[1], match[2]].filter((side) => side > 0);
  const isRight = isCanonical(sides.length, match[3] || "", match[4] || "");
  if (!isRight || sides.some((side) => side > MAX_SIDE)) return undefined;
  return { text: text || "_", area: /fill|pad|scale/.test(match[3]) ? match[1] * match[2] : 0 };
}

/** Prints a spec for a format; empty where the format cannot hold it. */
function print(spec) {
  return (format) => {
    if (has(spec.other, format)) return spec.other[format];
    if (spec.area > FORMATS[format].maxPixels) return "";
    if (FORMATS[format].hasQuality) return spec.text;
    return spec.text.replace(/(?:^|,)q_[^,]+/, "").replace(/^,/, "") || (spec.text && "_");
  };
}

/** A version, or nothing, is no transform by itself. */
function isAllowed(match, typed) {
  if (!IS_OPEN) return match[0] === `w_${match[1]}` && WIDTHS.indexOf(+match[1]) >= 0;
  return match[1] || match[2] || match[5] || typed;
}

/** Canonical texts have no mode and no gravity that changes nothing. */
function isCanonical(sides, mode, gravity) {
  if (sides < 2) return gravity === "" && (mode === "" || (mode === "fit" && sides === 1));
  if (mode === "" || mode === "fill" || gravity === "") return true;
  return /pad/.test(mode) && !/auto|entropy/.test(gravity);
}

function chooseFormat(asked, key, offered) {
  const extension = (/\.([^./]*)$/.exec(key.toLowerCase()) || [])[1] || "";
  const own = has(EXTENSIONS, extension) ? EXTENSIONS[extension] : "";
  const fallback = own ? FORMATS[own].fallback : OTHER_FALLBACK;
  // a GIF keeps moving
  const moving = offered.filter((name) => FORMATS[name].hasMotion || !FORMATS[fallback].hasMotion);
  if (asked === "auto") return moving[0] || fallback;
  if (asked) return has(FORMATS, asked) ? asked : undefined;
  return own || OTHER_FORMAT;
}

function has(table, name) {
  return Object.prototype.hasOwnProperty.call(table || {}, name);
}

/** Text that is not UTF-8 stays as it is. */
function decode(path) {
  return path.replace(/(?:%[\da-fA-F]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch (error) {
      return run;
    }
  });
}

/** Strictly, because S3 reads a raw plus as a space. */
function encode(key) {
  return encodeURIComponent(key)
    .replace(/%2F/g, "/")
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Counts bytes of UTF-8. */
function countBytes(text) {
  const encoded = encodeURIComponent(text);
  return encoded.length - 2 * (encoded.split("%").length - 1);
}
