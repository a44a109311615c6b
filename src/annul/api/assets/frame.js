// The keyboard, the palette and the buttons that copy.
"use strict";
