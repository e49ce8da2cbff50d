"""What pages with maps are made of; `map.js` and `map.css` are also in tunegate, byte for byte."""
