import { render } from "preact";
import { language, setLanguage } from "./i18n";
import { App } from "./ui/App";
import "./style.css";

setLanguage(language.value);
const root = document.getElementById("app");
if (root) render(<App />, root);
