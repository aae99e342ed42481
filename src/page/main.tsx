import { render } from "preact";
import { MediaPage } from "./media-page.tsx";

const root = document.querySelector("#page");
if (root) render(<MediaPage />, root);
