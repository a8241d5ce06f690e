// Progressive enhancement shared by every page; each module adds one behaviour.
import "./menus.js";
import "./toasts.js";
import "./requests.js";
import "./palette.js";
import "./keyboard.js";
import "./tables.js";
import "./tabs.js";
import "./clocks.js";
import "./drafts.js";
import "./composer.js";
import "./mentions.js";
import "./uploads.js";
import "./inserts.js";
