/** Whether this page is a static site, without a server behind it: `cleanplate web build` says so in the page itself. */

export const isLocal = typeof document !== "undefined" && document.querySelector('meta[name="cleanplate-site"]') !== null;
