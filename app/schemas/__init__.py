"""The shapes that cross the API's border: Create, Update, Public and Filter, a file a noun."""
