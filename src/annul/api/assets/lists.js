// Tables that are sorted and picked from in the browser.
"use strict";
