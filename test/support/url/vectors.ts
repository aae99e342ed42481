/** Paths as tools write them, and what the service stores for a client that names WebP. */
export const STORED: readonly (readonly [target: string, name: string])[] = [
  ["/s_300x200&q_80&f_webp/key.jpg", "key.jpg/w_300,h_200,q_80.webp"],
  ["/w_956%26f_webp%26q_60/images/image.jpg", "images/image.jpg/w_956,q_60.webp"],
  ["/extract_10%5F20%5F300%5F200,w_100/a.jpg", "a.jpg/w_100,crop_10_20_300_200.jpg"],
  ["/blur_3,grayscale_true,w_300,f_auto/k.jpg", "k.jpg/w_300,e_blur:150,e_grayscale.webp"],
  ["/e_blur:150,e_grayscale,w_300,f_auto/k.jpg", "k.jpg/w_300,e_blur:150,e_grayscale.webp"],
  [
    "/fit_contain,background_ff0000,w_300,h_300,q_70,f_webp/a.jpg",
    "a.jpg/w_300,h_300,c_pad,b_ff0000,q_70.webp",
  ],
  [
    "/c_pad,b_rgb:FF0000,w_300,h_300,q_70,f_webp/a.jpg",
    "a.jpg/w_300,h_300,c_pad,b_ff0000,q_70.webp",
  ],
  ["/enlarge,s_400x400/p.jpg", "p.jpg/w_400,h_400,c_fill.jpg"],
  ["/w_400,h_400,c_fill/p.jpg", "p.jpg/w_400,h_400,c_fill.jpg"],
  ["/t_thumb/a.jpg", "a.jpg/w_150,h_150,c_fill,g_auto.jpg"],
  ["/t_thumb,w_200/a.jpg", "a.jpg/w_200,h_150,c_fill,g_auto.jpg"],
  ["/c_fit,w_300,h_300,dpr_2,r_max,f_webp/a.jpg", "a.jpg/w_600,h_600,c_fit,r_max.webp"],
  ["/a_-90/a.jpg", "a.jpg/a_270.jpg"],
  ["/w_300/100%.jpg", "100%.jpg/w_300.jpg"],
  ["/w_300/100%25.jpg", "100%.jpg/w_300.jpg"],
  ["/w_300/a%20b%2Cc+d.jpg", "a b,c+d.jpg/w_300.jpg"],
  ["/w_100/_/w_300/key.jpg", "w_300/key.jpg/w_100.jpg"],
  ["/w_300/t_shirts/red.jpg", "t_shirts/red.jpg/w_300.jpg"],
  ["/w_300,v_v1/a.jpg", "a.jpg/w_300,v_v1.jpg"],
  ["/w_300,f_auto,fl_animated/a.gif", "a.gif/w_300.webp"],
  ["/w_300,f_gif,fl_animated/a.jpg", "a.jpg/w_300.gif"],
  ["/w_300,f_auto,fl_still/a.gif", "a.gif/w_300,fl_still.webp"],
  ["/w_300,f_png,fl_still/a.gif", "a.gif/w_300.png"],
  ["/f_json/a.jpg", "a.jpg/_.json"],
  ["/crop_0.0_0.0_0.5_0.5,f_thumbhash/a.jpg", "a.jpg/crop_0.0_0.0_0.5_0.5.thumbhash"],
];

/** Paths that nothing is stored for, and the code that says why. */
export const REFUSED: readonly (readonly [target: string, code: string])[] = [
  ["/w_30O/key.jpg", "invalid_transform"],
  ["/w_0300/a.jpg", "invalid_transform"],
  ["/w_300,h_2o0/key.jpg", "invalid_transform"],
  ["/w_300,foo_1/key.jpg", "invalid_transform"],
  ["/w_300,w_400/key.jpg", "invalid_transform"],
  ["/w_100/w_300/key.jpg", "invalid_transform"],
  ["/c_fill,g_auto,h_200,w_300/f_auto/q_auto/folder/a.jpg", "invalid_transform"],
  ["/c_fill,g_auto,h_200,w_300/f_auto,q_auto/folder/a.jpg", "invalid_transform"],
  ["/w_300/a%2F..%2Fb.jpg", "invalid_path"],
  ["/w_300/", "invalid_path"],
  ["/w_300,exp_1893456000/a.jpg", "invalid_transform"],
  ["/w_3,crop_1_1_9_9,trim_5/a.jpg", "invalid_transform"],
  ["/w_3,f_json/a.jpg", "invalid_transform"],
  [`/${Array.from({ length: 30 }, () => "w_1").join(",")}/a.jpg`, "invalid_transform"],
  [`/w_3,v_${"a".repeat(64)},${"e_blur:100,".repeat(18)}h_3/a.jpg`, "invalid_transform"],
  [`/w_3/${"a".repeat(3000)}`, "invalid_path"],
  // a text that is short enough as typed can be too long in its canonical form
  [`/w_3,v_${"a".repeat(64)}/${"k".repeat(1000)}`, "invalid_path"],
];

/** Paths of originals, although they begin like transforms. */
export const ORIGINALS: readonly string[] = [
  "/t_shirts/red.jpg",
  "/v_neck/a.jpg",
  "/b_add/a.jpg",
  "/a/b.jpg",
  "/rotate/a.jpg",
  "/v1/a.jpg",
];
