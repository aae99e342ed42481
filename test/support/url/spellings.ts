import fc from "fast-check";

const NAMES = (
  "w h ar c g crop trim a flip b r e f q fl v dpr t exp width height ratio format quality background " +
  "gravity position pos rotate extract s resize fit blur sharpen enlarge flop animated grayscale negate " +
  "l z x constructor __proto__ toString hasOwnProperty"
).split(" ");

const VALUES = (
  "1 0 -0 01 1.0 1.5 1.50 2 3 150 100 320 300 640 9000 8192 8193 0.34 0.5 0.50 -90 -360 -999 359 ignore max " +
  "fill fit pad lpad scale limit lfill cover contain inside auto entropy north south_east east-south right_top " +
  "lefttop top centre attention 0.5x0.5 0.25x1 0.333x0.12 1x1 2x1 16:9 3:2 6:4 16:9:1 1.7778 0.0001 300x200 300x " +
  "x200 1x2x3 f00 FF0000 f00f ff000080 00000000 red Red rgb:fff #fff constructor __proto__ 1_2_3_4 0.0_0.0_1.0_1.0 " +
  "0.1_0.2_0.30_0.4 0.1_0.2_0_1 jpg jpeg JPG webp avif gif png json blurhash auto:best auto:good auto:eco 50 60 " +
  "thumb thumb.soft wide thumb.thumb.soft.wide nope blur blur:200 blur:9 tint:red tint:rgb:00f tint:ff000080 " +
  "grayscale grayscale: gamma:1 gamma:1.20 hue:-180 hue:0 sharpen:10 animated animated.lossless keep_icc progressive " +
  "attachment true 1_1 7a 3px + . h v hv vh abc-DEF 9999999999"
).split(" ");

const piece = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES))
      .map((p) => p.join("_")),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom("w", "h", "dpr", "ar", "c", "f"),
        fc.constantFrom(
          "1",
          "2",
          "100",
          "250",
          "320",
          "3:2",
          "16:9",
          "fill",
          "pad",
          "auto",
          "webp",
          "json",
        ),
      )
      .map((p) => p.join("_")),
  },
  { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.constantFrom(...VALUES) },
);

const spec = fc
  .tuple(fc.array(piece, { minLength: 1, maxLength: 4 }), fc.constantFrom(",", "&", "%2C", "%26"))
  .map(([pieces, comma]) => pieces.join(comma));

const part = fc.oneof(
  fc.constantFrom(
    ..."a.jpg b.PNG c.webp d.avif e.gif f.jpeg x .jpg a.b. _ e_books t_shirts w_3 h_30O s--x-- %D1%84 %2F %252F %41 %C3%A9 %C3 %ED%A0%80 %00 %7F %C2%80 . .. %2E%2E + %20 %2B 100% !'()* variants media a%2Fvariants %F0%9F%98%80".split(
      " ",
    ),
    "",
  ),
  spec,
);

/** Paths in spellings right and wrong, beneath nothing. */
export const spellings: fc.Arbitrary<string> = fc
  .tuple(
    fc.option(fc.constant("s--AAAAAAAAAAAAAAAAAAAAAA--")),
    fc.option(spec),
    fc.array(part, { maxLength: 4 }),
  )
  .map(
    (parts) =>
      `/${parts
        .flat()
        .filter((text) => text !== null)
        .join("/")}`,
  );
